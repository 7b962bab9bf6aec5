package dev.simvisor.controller.benchmark;

/** Something that emulators are timed at: a line of the results. */
sealed interface Work {
    /** What a line of results belongs to; each has a geometric mean of its own. */
    enum Group {
        /** Ring 3, no system calls. */
        COMPUTE("compute"),
        /** Mostly the kernel's work: system calls, faults, address spaces. */
        KERNEL("kernel-heavy"),
        /** Loads of Simvisor's own guest, which has a paravirtual build. */
        BUILT_IN("built-in"),
        BOOT("boot");

        final String written;

        Group(String written) {
            this.written = written;
        }
    }

    String name();

    Group group();

    /**
     * A load of the guests in {@code src/test/guest}.
     *
     * @param load as the guest calls it
     * @param width 32 or 64
     * @param rounds about as many as take QEMU a second or two
     */
    record Load(String load, int width, Group group, int rounds) implements Work {
        @Override
        public String name() {
            return load + "/" + width;
        }

        /** For the kernel: to run it twice. */
        String commandLine() {
            return "run=%1$s:%2$d,%1$s:%2$d".formatted(load, rounds);
        }
    }

    /**
     * A command of the built-in guest's shell.
     *
     * @param count its argument: about as many as take a second or two on a board
     */
    record BuiltInLoad(String command, int count) implements Work {
        static final String GUEST = "builtin";

        @Override
        public String name() {
            return GUEST + "/" + command.substring(command.lastIndexOf(' ') + 1);
        }

        @Override
        public Group group() {
            return Group.BUILT_IN;
        }

        /** As it is typed. */
        String typed() {
            return command + " " + count;
        }

        /** For the kernel: to run it twice. */
        String commandLine() {
            return "run=\"%1$s; %1$s\"".formatted(typed());
        }
    }

    /**
     * A guest of the catalogue, from the start of the emulator until its console shows a prompt.
     *
     * @param width of its kernel, 32 or 64
     */
    record Boot(String guest, int width) implements Work {
        static final String PROMPT = "built-in shell (ash)";

        @Override
        public String name() {
            return guest;
        }

        @Override
        public Group group() {
            return Group.BOOT;
        }
    }
}
