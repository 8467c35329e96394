/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The start of TCG beside a VT. */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "exec/exec-all.h"
#include "system/tcg.h"
#include "tcg/startup.h"
#include "accel/tcg/internal-common.h"
#include "allow.h"
#include "engine.h"
#include "vcpu-state.h"

/*
 * Translations of windows need little; whoever sized a VM for VT expects no
 * more.  Where TCG is all that runs the guest, QEMU's own default is right.
 */
#define MIXED_TB_MIB 32
#define MIXED_TB_MIB_PER_CPU 2
/* Each vCPU has a part of its own, which must hold the largest block. */
#define LEAST_TB_KIB_PER_CPU 128

bool partial_engine_fits(const PartialConfig *config, unsigned max_cpus)
{
    uint64_t least = DIV_ROUND_UP(max_cpus * LEAST_TB_KIB_PER_CPU, 1024);

    if (config->tb_size && config->tb_size < least) {
        error_report("accel partial: tb-size=%u is too little for %u vCPUs; "
                     "give %" PRIu64 " or more, or leave it out",
                     config->tb_size, max_cpus, least);
        return false;
    }
    return true;
}

static size_t tb_bytes(unsigned max_cpus)
{
    size_t mib = partial_config->tb_size;

    if (!mib && partial_mixed()) {
        mib = MAX(MIXED_TB_MIB, max_cpus * MIXED_TB_MIB_PER_CPU);
    }
    return mib << 20;
}

void partial_engine_start(unsigned max_cpus)
{
    tcg_allowed = true;
    mttcg_enabled = true;
    page_init();
    tb_htable_init();
    tcg_init(tb_bytes(max_cpus), 0, max_cpus);
    tcg_prologue_init();
    partial_code_init();
    partial_report_init();
    partial_allow_init(partial_config->burst_allow, partial_config->burst_deny);
}
