# SPDX-License-Identifier: GPL-2.0-or-later
# Everything starts from a clean clone: each target configures and builds first.

# Without a build, one for the tests and the demo is small.  It stays until ./configure is
# told otherwise.
SMALL = $(if $(wildcard build/build.ninja),,$(filter demo check check-% bed-% bench%,$(MAKECMDGOALS)))
CONFIGURE_OPTIONS ?= $(if $(SMALL),--minimal)

.PHONY: all configure demo check check-quick check-qtest check-sanitize check-guests guests-images kernels bed-amd bed-intel bed-xen bed-xen-intel
.PHONY: bench bench-states install uninstall programs package not-minimal deb dist docs stubdom clean distclean help

all: configure
	@ninja -C build

configure:
	@./configure $(CONFIGURE_OPTIONS)

demo: all
	@scripts/demo

check: all package
	@scripts/run-tests check

check-quick: all
	@scripts/run-tests quick

bed-amd: all guests-images kernels
	@scripts/run-tests bed-amd

bed-xen: all package stubdom
	@tests/guests/boot/run --prepare memtest > build/guests-images.log
	@tests/guests/boot/run --references grub-splash gfxboot $(if $(filter all,$(GUESTS)),grub-theme) > build/guests-references.log
	@scripts/get-kernel bookworm linux-image-amd64 > /dev/null
	@python3 tests/xen/linuxcd.py > /dev/null
	@scripts/run-tests bed-xen
	@$(if $(filter all,$(GUESTS)),scripts/run-tests bed-xen-all)

bed-xen-intel: all
	@scripts/get-kernel bookworm linux-image-amd64 > /dev/null
	@scripts/run-tests bed-xen-intel

# Bochs takes one CPU, and two or three gigabytes: JOBS=1 where that is too much.
bed-intel: all kernels $(if $(filter all,$(GUESTS)),guests-images)
	@scripts/run-tests bed-intel
	@$(if $(filter all,$(GUESTS)),JOBS=1 scripts/run-tests references && scripts/run-tests bed-intel-all)

# What a bed, which has no network, takes along.
kernels: all
	@for suite in bookworm trixie; do \
	    scripts/get-kernel $$suite linux-image-cloud-amd64 > /dev/null || exit 1; done
	@for package in linux-image-686 linux-image-686-pae; do \
	    scripts/get-kernel bookworm:i386 $$package > /dev/null || exit 1; done
	@scripts/get-program bookworm:i386 busybox-static bin/busybox > /dev/null
	@scripts/get-program bookworm:i386 gnumach-image-1.8-486 boot/gnumach-1.8-486.gz > /dev/null

check-guests: all guests-images
	@scripts/run-tests guests

guests-images: all
	@tests/guests/boot/run --prepare > build/guests-images.log

check-sanitize: all
	@scripts/run-tests sanitize

check-qtest: all
	@scripts/run-tests qtest

bench: all
	@bench/run $(BENCH)

bench-states: all
	@bench/run --states --name states $(BENCH)

programs: configure
	@scripts/install build

package: programs
	@packaging/make-packages

not-minimal: configure
	@! grep -qx minimal qemu/cache/state/options 2> /dev/null || \
	    { echo 'make deb: this build is --minimal; ./configure --full (or --found) first' >&2; exit 1; }

# With the package lintian, what it says of them; an error of it is one of ours.
deb: not-minimal package
	@! command -v lintian > /dev/null || lintian --fail-on error --suppress-tags bad-distribution-in-changes-file \
	    build/packages/*.deb

# What builds without a network: our tree, with the base beside it.
dist: configure
	@packaging/make-dist

# Our pages and QEMU's manual, in build/docs-html.
docs: configure
	@scripts/make-docs

stubdom: all
	@hw-xen/stubdom/make

# PREFIX= and DESTDIR= are taken; nothing is built or installed beside it.
install:
	@scripts/install

uninstall:
	@scripts/install uninstall

clean:
	rm -rf build build-sanitize qemu/source qemu/cache/state

distclean: clean
	rm -rf qemu/base qemu/cache qemu/tools tests/cache

help:
	@echo 'make demo         build, then boot two Debian kernels under kvm, tcg and partial'
	@echo 'make check        the tests'
	@echo 'make check-quick  those that take less than five minutes'
	@echo 'make check-qtest  all of QEMU'"'"'s own qtests for x86_64 and i386 (long)'
	@echo 'make check-sanitize the fuzzer and our tests with address and undefined-behaviour sanitizers (long)'
	@echo 'make check-guests real boot loaders, installers and userlands, looked at while they boot'
	@echo 'make bed-amd      the tests that need real SVM, in Linux and kvm_amd inside a TCG machine'
	@echo 'make bed-intel    those that need real VMX, in Linux and kvm_intel inside Bochs (long; GUESTS=all: longer; JOBS=N at a time)'
	@echo 'make bed-xen      guests under Xen, in a TCG machine, with Debian'"'"'s device model and ours (GUESTS=all: more of them)'
	@echo 'make bed-xen-intel  some of them on real VMX, in Bochs (long)'
	@echo 'make bench        stock kvm, tcg and partial compared, here and on SVM (long; BENCH="--quick pata")'
	@echo 'make bench-states   CPU modes that belong to TCG: against the emulator in the kernel, and against TCG (long)'
	@echo 'make install      put the build into PREFIX (of ./configure), below DESTDIR; make uninstall: remove it'
	@echo 'make package      Debian packages of the build, in build/packages'
	@echo 'make deb          the same, looked at by lintian'
	@echo 'make docs         HTML of our documents beside QEMU'"'"'s manual, in build/docs-html'
	@echo 'make dist         a source tarball with the base in it, in build/'
	@echo 'make stubdom      a stub domain for Xen with the build in it, in build/stubdom'
	@echo 'make clean        remove what was generated; distclean: what was fetched, too'
