/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One honest feature set. */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "cpu.h"
#include "kvm/kvm_i386.h"
#include "cpu-internal.h"
#include "tcg/tcg-cpu.h"
#include "../vt.h"
#include "standard-headers/asm-x86/kvm_para.h"
#include "features.h"

/*
 * Features that live in KVM alone: MSRs, and instructions that only a
 * supervisor uses.  A window gives those back, so TCG need not know them.
 */
static uint64_t vt_only(FeatureWord w)
{
    switch (w) {
    case FEAT_1_ECX:
        return CPUID_EXT_X2APIC | CPUID_EXT_TSC_DEADLINE_TIMER |
               CPUID_EXT_HYPERVISOR | CPUID_EXT_PDCM;
    case FEAT_1_EDX:
        return CPUID_MCE | CPUID_MCA | CPUID_MTRR | CPUID_PAT | CPUID_APIC;
    case FEAT_7_0_EBX:
        return CPUID_7_0_EBX_TSC_ADJUST;
    case FEAT_7_0_EDX:
        return CPUID_7_0_EDX_SPEC_CTRL | CPUID_7_0_EDX_STIBP |
               CPUID_7_0_EDX_ARCH_CAPABILITIES | CPUID_7_0_EDX_SPEC_CTRL_SSBD |
               CPUID_7_0_EDX_CORE_CAPABILITY | (1u << 10) /* MD_CLEAR */;
    case FEAT_8000_0007_EDX:
    case FEAT_8000_0008_EBX:
    case FEAT_KVM:
    case FEAT_KVM_HINTS:
    case FEAT_6_EAX:
        return ~0ull;
    default:
        return 0;
    }
}

static bool is_msr_word(FeatureWord w)
{
    return w >= FEAT_ARCH_CAPABILITIES;
}

/* Whether the guest sees the CPUID that QEMU sets. */
static bool cpuid_is_ours(void)
{
    return !partial_mixed() || partial_facts->cpuid_honoured;
}

/* KVM refuses their MSRs, or has no use for them, without its own APIC. */
static const uint64_t needs_kvm_apic =
    BIT(KVM_FEATURE_ASYNC_PF) | BIT(KVM_FEATURE_ASYNC_PF_INT) |
    BIT(KVM_FEATURE_PV_EOI) | BIT(KVM_FEATURE_PV_UNHALT) |
    BIT(KVM_FEATURE_PV_SEND_IPI);

/*
 * Features that a guest of two engines cannot have: a hypervisor in it would
 * have its own guest's failures handled as its own, and a flag in shared memory
 * in the place of a shootdown IPI is not seen by TCG.
 */
static uint64_t never(FeatureWord w)
{
    switch (w) {
    case FEAT_1_ECX:
        return CPUID_EXT_VMX;
    case FEAT_8000_0001_ECX:
        return CPUID_EXT3_SVM;
    case FEAT_SVM:
        return ~0ull;
    case FEAT_KVM:
        return BIT(KVM_FEATURE_PV_TLB_FLUSH) |
               (kvm_irqchip_in_kernel() ? 0 : needs_kvm_apic);
    default:
        return 0;
    }
}

/* TCG keeps PKRU where Intel's XSAVE area has it; AMD's has it elsewhere. */
static uint64_t unshared_layout(FeatureWord w)
{
    uint32_t eax, ebx, ecx, edx;

    if (w != FEAT_7_0_ECX) {
        return 0;
    }
    host_cpuid(0xd, XSTATE_PKRU_BIT, &eax, &ebx, &ecx, &edx);
    return ebx == XSAVE_PKRU_OFFSET ? 0 : CPUID_7_0_ECX_PKU;
}

/* What of TCG's features the host's CPUID shows as well. */
static uint64_t shown_by_host(FeatureWord w, uint64_t tcg)
{
    FeatureWordInfo *info = &feature_word_info[w];
    uint32_t reg[4];

    if (info->type != CPUID_FEATURE_WORD || info->cpuid.eax >= 0x40000000u) {
        return 0;
    }
    host_cpuid(info->cpuid.eax, info->cpuid.ecx,
               &reg[R_EAX], &reg[R_EBX], &reg[R_ECX], &reg[R_EDX]);
    return tcg & reg[info->cpuid.reg];
}

static uint64_t shared(FeatureWord w, uint64_t vt, uint64_t tcg)
{
    if (!partial_mixed()) {
        return tcg;
    }
    if (w == FEAT_ARCH_CAPABILITIES && !partial_facts->arch_caps_settable) {
        return 0;
    }
    if (is_msr_word(w)) {
        return vt;
    }
    vt &= tcg | vt_only(w);
    if (!cpuid_is_ours()) {
        /* The guest sees these whatever KVM says: let TCG decode them. */
        vt |= shown_by_host(w, tcg);
    }
    return vt & ~never(w) & ~unshared_layout(w);
}

void partial_features_install(void)
{
    x86_cpu_shared_features = shared;
}

/* KVM does them at the target's next entry; TCG never hears of them. */
static void refuse_hyperv_flushes(X86CPU *cpu)
{
    const uint64_t flushes = BIT(HYPERV_FEAT_TLBFLUSH) |
                             BIT(HYPERV_FEAT_TLBFLUSH_EXT) |
                             BIT(HYPERV_FEAT_TLBFLUSH_DIRECT);

    if (cpu->hyperv_features & flushes) {
        warn_report_once("accel partial: hv-tlbflush is left out: TCG cannot "
                         "see such a flush; the guest sends IPIs instead");
        cpu->hyperv_features &= ~flushes;
    }
}

void partial_features_decode(X86CPU *cpu)
{
    CPUX86State *env = &cpu->env;
    FeatureWord w;

    if (partial_mixed()) {
        refuse_hyperv_flushes(cpu);
    }
    if (cpuid_is_ours()) {
        return;
    }
    for (w = 0; w < FEATURE_WORDS; w++) {
        env->features[w] |= shown_by_host(w, feature_word_info[w].tcg_features)
                            & ~never(w) & ~unshared_layout(w);
    }
    if (env->features[FEAT_1_ECX] & CPUID_EXT_AVX) {
        env->features[FEAT_XSAVE_XCR0_LO] |=
            XSTATE_FP_MASK | XSTATE_SSE_MASK | XSTATE_YMM_MASK;
    }
}

static void add_names(GString *s, FeatureWord w, uint64_t bits)
{
    FeatureWordInfo *info = &feature_word_info[w];
    int i;

    for (i = 0; i < 64; i++) {
        if ((bits >> i) & 1 && info->feat_names[i]) {
            g_string_append_printf(s, "%s%s", s->len ? " " : "",
                                   info->feat_names[i]);
        }
    }
}

void partial_features_tell(X86CPU *cpu)
{
    g_autoptr(GString) names = g_string_new("");
    FeatureWord w;

    /* A named model that asks for too much is warned about by its own check. */
    if (!partial_mixed() || !cpu->max_features) {
        return;
    }
    for (w = 0; w < FEATURE_WORDS; w++) {
        FeatureWordInfo *info = &feature_word_info[w];
        uint64_t vt;

        if (info->type != CPUID_FEATURE_WORD) {
            continue;
        }
        vt = kvm_arch_get_supported_cpuid(kvm_state, info->cpuid.eax,
                                          info->cpuid.ecx, info->cpuid.reg);
        add_names(names, w, vt & ~shared(w, vt, info->tcg_features));
    }
    if (names->len) {
        info_report("accel partial: KVM has these features and TCG has not, so "
                    "the guest is not shown them: %s", names->str);
    }
}
