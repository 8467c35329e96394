/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All of a domain's records at once (xen/hvm/save.h). */
#ifndef HW_XEN_RECORDS_H
#define HW_XEN_RECORDS_H

#include <stdint.h>

struct hvm_save_descriptor;

/**
 * xen_vt_records_find: read all records, and find one
 * @all: out: the records, to be freed with g_free()
 * @code: of the record's type
 * @instance: which of that type: a vCPU's number
 *
 * It takes several times as long as to read one of a known size.
 * Returns: what the record begins with; NULL if there is none
 */
const struct hvm_save_descriptor *xen_vt_records_find(void **all, uint16_t code,
                                                      uint16_t instance);

#endif
