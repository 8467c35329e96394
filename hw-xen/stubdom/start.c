/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Start QEMU in a Linux stub domain with the arguments that libxl left in
 * xenstore.
 *
 *   start QMP VNC PROGRAM
 *
 * PROGRAM is run with a QMP server on the UNIX socket QMP besides, and with a
 * VNC server on the UNIX socket VNC: libxl passes "-vnc none", and does not say
 * whether the guest is to have one.  The protocol is Xen's
 * docs/misc/stubdom.txt: arguments in /vm/UUID/image/dm-argv/NNN, the guest's
 * number in our own node "target", console 1 for the state that is saved,
 * console 2 for the one restored.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <xenstore.h>

#define SAVE_CONSOLE "/dev/hvc1"
#define RESTORE_CONSOLE "/dev/hvc2"
#define RESTORE_ARGUMENT "$STUBDOM_RESTORE_INCOMING_ARG"
#define MOST_ARGUMENTS 1024

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
    va_list args;

    fputs("stubdom: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

static char *read_node(struct xs_handle *xs, const char *path)
{
    char *value = xs_read(xs, XBT_NULL, path, NULL);

    if (!value) {
        die("xenstore has no %s; the toolstack must be libxl's", path);
    }
    return value;
}

static char *join(const char *folder, const char *name)
{
    char *path;

    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        die("out of memory");
    }
    return path;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/*
 * A console as a file of bytes that PROGRAM inherits: nothing is echoed or
 * translated.
 *
 * The state that is restored waits in the console's ring, and the kernel passes
 * it on as soon as the console is open, by way of a kernel thread or a work
 * queue.  A stub domain has one vCPU: in a real-time class we are ahead of both
 * until the console is raw.
 */
static int open_console(const char *path, int flags)
{
    struct sched_param first = { .sched_priority = 1 }, normal = { 0 };
    struct termios mode;
    int fd;

    if (sched_setscheduler(0, SCHED_FIFO, &first) < 0) {
        die("cannot have a real-time class");
    }
    fd = open(path, flags | O_NOCTTY);
    if (fd < 0 || tcgetattr(fd, &mode) < 0) {
        die("cannot open %s, which libxl connects for the guest's state", path);
    }
    cfmakeraw(&mode);
    if (tcsetattr(fd, TCSANOW, &mode) < 0) {
        die("%s cannot carry the guest's state", path);
    }
    sched_setscheduler(0, SCHED_OTHER, &normal);
    return fd;
}

static char *number(const char *format, int value)
{
    char *text;

    if (asprintf(&text, format, value) < 0) {
        die("out of memory");
    }
    return text;
}

int main(int argc, char **argv)
{
    static char *args[MOST_ARGUMENTS];
    struct xs_handle *xs = xs_open(0);
    char *target, *vm, *folder, **names;
    unsigned count, i, n = 0;

    if (argc != 4) {
        die("usage: start QMP VNC PROGRAM");
    }
    if (!xs) {
        die("cannot reach xenstore");
    }
    target = read_node(xs, "target");
    vm = read_node(xs, join(join("/local/domain", target), "vm"));
    folder = join(vm, "image/dm-argv");
    names = xs_directory(xs, XBT_NULL, folder, &count);
    if (!names || count == 0) {
        die("xenstore has no arguments in %s", folder);
    }
    if (count + 10 > MOST_ARGUMENTS) {
        die("%u arguments are too many", count);
    }
    /* NNN has leading zeros. */
    qsort(names, count, sizeof(*names), by_name);
    args[n++] = argv[3];
    for (i = 0; i < count; i++) {
        char *arg = read_node(xs, join(folder, names[i]));

        if (strcmp(arg, RESTORE_ARGUMENT) == 0) {
            arg = number("fd:%d", open_console(RESTORE_CONSOLE, O_RDONLY));
        }
        args[n++] = arg;
    }
    args[n++] = "-qmp";
    if (asprintf(&args[n++], "unix:%s,server=on,wait=off", argv[1]) < 0) {
        die("out of memory");
    }
    args[n++] = "-vnc";
    if (asprintf(&args[n++], "unix:%s", argv[2]) < 0) {
        die("out of memory");
    }
    args[n++] = "-add-fd";
    args[n++] = number("fd=%d,set=1", open_console(SAVE_CONSOLE, O_WRONLY));
    xs_close(xs);
    execv(argv[3], args);
    die("cannot run %s", argv[3]);
}
