/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs of 64-bit users on this machine's own CPU: what harness.asm does
 * with them in a guest, by pages at the same addresses and by signals.
 *
 *   native IMAGE        results are written to standard output
 *
 * The handler of the signal that ends a program notes what is left and makes
 * the signal's frame that of the next program.  What harness.asm leaves out
 * of such a program's dump is what is not known here.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#define ARENA   0x20000u
#define CODE    0x28000u
#define DATA    0x2a000u
#define END     0x2f000u
#define PT      0x5000u         /* in the arena, where a program changes it */
#define FPU_OUT 0xc80u
#define FPU_SIZE 832
#define S_DWORDS 69
#define PAGE    0x1000u
#define HUNG    0xfe            /* of a program that does not end */
#define TICK    20000           /* us of CPU time */
#define TICKS   5

struct program {
    uint8_t mode, cpl, pokes, code;
    uint16_t cs, ss, ds, es, fs, gs;
    uint32_t flags, mask, cr0, cr4;
    uint64_t ip, regs[8];
    uint16_t ldt, limit;
    uint32_t dr7, dr0;
    uint16_t where;
    uint8_t msrs, fpu;
    uint16_t fsw, pointers;
} __attribute__((packed));

static const struct { uint16_t where, dwords; } ranges[] = {
    { 0xa000, 0x20 }, { 0xaf80, 0x40 }, { 0xbf80, 0x40 }, { 0xcf80, 0x40 },
    { 0xdf80, 0x40 }, { 0xe780, 0x40 }, { 0xef80, 0x20 },
};
/* ax cx dx bx sp bp si di */
static const int order[] = {
    REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
};

static uint8_t *image;
static const uint8_t *next_at;
static uint32_t count, whole, number;
static struct program now;
static int running, protected, ticks;
static uint32_t seen;
static uint8_t before[FPU_SIZE] __attribute__((aligned(64)));
static uint32_t out[1 << 16], used;
static uint32_t copy[(END - ARENA) / 4];

static void emit(const void *what, size_t size)
{
    if (used + size > sizeof(out) || !what) {
        if (write(1, out, used) != (ssize_t)used) {
            _exit(2);
        }
        used = 0;
    }
    if (what) {
        memcpy((uint8_t *)out + used, what, size);
        used += size;
    }
}

static uint32_t *arena(uint32_t offset)
{
    return (uint32_t *)(uintptr_t)(ARENA + offset);
}

static void protect(uint32_t page, uint32_t entry)
{
    int how = !(entry & 1) || !(entry & 4) ? PROT_NONE :
              PROT_READ | PROT_EXEC | (entry & 2 ? PROT_WRITE : 0);

    mprotect((void *)(uintptr_t)(page * PAGE), PAGE, how);
    protected = 1;
}

/* The next program's frame; false where there is none. */
static int begin(ucontext_t *context)
{
    greg_t *g = context->uc_mcontext.gregs;
    uint8_t *fpu = (uint8_t *)context->uc_mcontext.fpregs;

    if (number == count) {
        return 0;
    }
    memcpy(&now, next_at, sizeof(now));
    next_at += sizeof(now);
    for (int i = 0; i < now.pokes; i++, next_at += 8) {
        uint32_t where, what;

        memcpy(&where, next_at, 4);
        memcpy(&what, next_at + 4, 4);
        if (where >= CODE - ARENA && where < END - ARENA) {
            *arena(where) = what;
        }
    }
    memcpy((uint8_t *)arena(now.where), next_at, now.code);
    memcpy((uint8_t *)arena(now.where) + now.code,
           (const uint32_t[]) { 0x40cd40cd, 0x40cd40cd, 0x40cd40cd,
                                0x40cd40cd }, 16);
    next_at -= now.pokes * 8;
    for (int i = 0; i < now.pokes; i++, next_at += 8) {
        uint32_t where, what;

        memcpy(&where, next_at, 4);
        memcpy(&what, next_at + 4, 4);
        if (where >= PT + 0x28 * 8 && where < PT + 0x2f * 8 && !(where & 4)) {
            protect((where - PT) / 8, what);
        }
    }
    next_at += now.code;
    memcpy(before, next_at, FPU_SIZE);
    next_at += FPU_SIZE;
    for (int i = 0; i < 8; i++) {
        g[order[i]] = now.regs[i];
        g[REG_R8 + i] = now.regs[i];
    }
    g[REG_EFL] = now.flags;
    g[REG_RIP] = now.ip;
    memcpy(fpu, before, 464);
    memcpy(fpu + 576, before + 576, 256);
    memset(fpu + 512, 0, 64);
    memcpy(fpu + 512, before + 512, 1);
    running = 1;
    return 1;
}

/* What an XSAVE area has, also of what is not in use. */
static void state_of(ucontext_t *context, uint8_t *to)
{
    const uint8_t *fpu = (const uint8_t *)context->uc_mcontext.fpregs;
    uint8_t use = fpu[512];

    memcpy(to, before, FPU_SIZE);
    memset(to, 0, 416);
    memcpy(to, (const uint16_t[]) { 0x37f }, 2);
    memset(to + 576, 0, 256);
    if (use & 1) {
        memcpy(to, fpu, 24);
        memcpy(to + 32, fpu + 32, 128);
    }
    if (use & 2) {
        memcpy(to + 160, fpu + 160, 256);
    }
    memcpy(to + 24, fpu + 24, 8);
    if (use & 4) {
        memcpy(to + 576, fpu + 576, 256);
    }
    *(uint16_t *)(before + 2) &= now.fsw;
    *(uint16_t *)(to + 2) &= now.fsw;
    if (now.pointers & 1) {
        memcpy(to + 6, before + 6, 2);
    }
    if (now.pointers & 2) {
        memcpy(to + 8, before + 8, 8);
    }
    if (now.pointers & 4) {
        memcpy(to + 16, before + 16, 8);
    }
    memcpy(to + 28, (const uint32_t[]) { 0xffff }, 4);
}

static void put64(uint32_t *dump, int at, uint64_t value)
{
    dump[at] = value;
    dump[at + 1] = value >> 32;
}

static void put_back(void)
{
    memcpy((void *)(uintptr_t)CODE, copy + (CODE - ARENA) / 4, END - CODE);
}

/* Whether this tick of the clock is one too many for a program. */
static int hangs(void)
{
    if (seen != number) {
        seen = number;
        ticks = 0;
    }
    return running && ++ticks > TICKS;
}

/* No dump. */
static void give_up(void)
{
    mprotect((void *)(uintptr_t)CODE, END - CODE,
             PROT_READ | PROT_WRITE | PROT_EXEC);
    protected = 0;
    put_back();
    if (whole & 1) {
        emit((const uint32_t[]) { 0 }, 4);
    }
    emit((const uint32_t[]) { 0, (uint32_t)HUNG << 24 | number }, 8);
    number++;
    running = 0;
}

/* The dump of a program that has ended. */
static void end(ucontext_t *context)
{
    static uint8_t after[FPU_SIZE] __attribute__((aligned(64)));
    static uint32_t dump[1 << 14];
    greg_t *g = context->uc_mcontext.gregs;
    uint32_t vector = g[REG_TRAPNO], error = g[REG_ERR], at = S_DWORDS, hash;
    uint32_t first = now.where & ~3u, last = now.where + now.code + 19;
    uint64_t ip = g[REG_RIP], flags = g[REG_EFL] & now.mask;

    if (protected) {
        mprotect((void *)(uintptr_t)CODE, END - CODE,
                 PROT_READ | PROT_WRITE | PROT_EXEC);
        protected = 0;
    }
    memset(dump, 0, S_DWORDS * 4);
    if (vector == 13 && (error & 7) == 2) {
        /* INT n, which only our gates know */
        vector = error >> 3;
        error = 0;
        ip += 2;
        flags &= ~0x10000u;
    }
    dump[0] = vector;
    dump[1] = vector == 14 ? error & ~1u : error;
    put64(dump, 2, ip);
    dump[5] = flags;
    put64(dump, 6, g[REG_RSP]);
    for (int i = 0; i < 8; i++) {
        put64(dump, 16 + i * 2, i == 4 ? 0 : g[order[i]]);
        put64(dump, 32 + i * 2, g[REG_R8 + i]);
    }
    if (vector == 14) {
        put64(dump, 49, g[REG_CR2]);
    }
    for (uint32_t i = first; i < (last & ~3u); i += 4) {
        dump[at++] = *arena(i);
        *arena(i) = copy[i / 4];
    }
    for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++) {
        for (uint32_t i = 0; i < ranges[r].dwords; i++) {
            uint32_t offset = ranges[r].where + i * 4;

            if (*arena(offset) != copy[offset / 4]) {
                dump[at++] = ARENA + offset;
                dump[at++] = *arena(offset);
                *arena(offset) = copy[offset / 4];
            }
        }
    }
    state_of(context, after);
    for (uint32_t i = 0; i < FPU_SIZE; i += 4) {
        if (memcmp(after + i, before + i, 4) && (i < 512 || i >= 576)) {
            dump[at++] = FPU_OUT + i;
            memcpy(&dump[at++], after + i, 4);
        }
    }
    hash = 0x811c9dc5;
    for (uint32_t i = 0; i < at; i++) {
        hash = (hash ^ dump[i]) * 0x01000193;
        hash = hash << 15 | hash >> 17;
    }
    if (whole & 1) {
        emit(&at, 4);
        emit(dump, at * 4);
    }
    emit(&hash, 4);
    hash = vector << 24 | number;
    emit(&hash, 4);
    number++;
    running = 0;
}

static void handler(int which, siginfo_t *info, void *context)
{
    (void)info;
    /* A program may have left AC set, and this code is not that careful. */
    asm volatile("pushfq; andq $~0x40000, (%%rsp); popfq" : : : "memory", "cc");
    if (which == SIGVTALRM) {
        if (!hangs()) {
            return;
        }
        give_up();
    } else if (running) {
        end(context);
    }
    if (!begin(context)) {
        emit((const uint32_t[]) { 0, ~0u }, 8);
        emit(NULL, 0);
        _exit(0);
    }
}

static void make_arena(void)
{
    uint32_t *at = copy + (CODE - ARENA) / 4;

    if (mmap((void *)(uintptr_t)CODE, END - CODE,
             PROT_READ | PROT_WRITE | PROT_EXEC,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
             0) == MAP_FAILED) {
        perror("native: mmap");
        exit(1);
    }
    for (uint32_t address = CODE; address < END; address += 4) {
        *at++ = address < DATA ? 0x42cd42cd :
                (address & 0x3fc) | (CODE + 0x1000);
    }
    put_back();
}

int main(int argc, char **argv)
{
    static const int signals[] = {
        SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGUSR1, SIGVTALRM,
    };
    static uint8_t stack[1 << 20];
    stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
    struct sigaction action = {
        .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK,
    };
    const struct itimerval clock = { { 0, TICK }, { 0, TICK } };
    struct stat st;
    int file = argc == 2 ? open(argv[1], O_RDONLY) : -1;

    if (file < 0 || fstat(file, &st)) {
        fprintf(stderr, "usage: native IMAGE\n");
        return 1;
    }
    image = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (image == MAP_FAILED) {
        perror("native: mmap");
        return 1;
    }
    memcpy(&count, image, 4);
    memcpy(&whole, image + 4, 4);
    next_at = image + 8;
    make_arena();
    emit("LOCKSTEP", 8);
    sigaltstack(&alt, NULL);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        /* One at a time */
        sigfillset(&action.sa_mask);
        sigaction(signals[i], &action, NULL);
    }
    setitimer(ITIMER_VIRTUAL, &clock, NULL);
    raise(SIGUSR1);
    return 1;
}
