/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether vCPUs may be taken over at all. */
#ifndef HW_XEN_ONOFF_H
#define HW_XEN_ONOFF_H

/** xen_vt_switch_on: the user wants windows, and they are possible */
void xen_vt_switch_on(void);

/** xen_vt_is_on: whether that is so; any thread */
bool xen_vt_is_on(void);

/**
 * xen_vt_refused: Xen does not let this process have what a window needs
 * @error: errno; there are no more windows, and a person is told once
 *
 * Context: with the BQL.
 */
void xen_vt_refused(int error);

/** xen_vt_may_open: whether a window may be opened now; with the BQL */
bool xen_vt_may_open(void);

#endif
