package dev.simvisor.node.vmm.hostile;

import static java.util.Objects.requireNonNull;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.ProcessorCosts;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.cpu.system.FlatSegments;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.ExitCosts;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.para.ParavirtualMachine;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.backend.BackendDomain;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.DomainSettings;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.hypercall.Preempted;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.node.vmm.para.memory.HypervisorSpace;
import dev.simvisor.node.vmm.para.memory.MachineAddressMap;
import java.io.IOException;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * A paravirtual domain of two vCPUs whose kernel means harm. The first runs fragments of code, each a few hypercalls and other
 * misdeeds; whatever is raised goes on with the next misdeed. The second stores to the pages of a window all the while, so
 * that what its TLB should have forgotten is found out.
 *
 * <p>It is made of the built-in guest as its loader leaves it. Of that guest's first frames, which are mapped where it is
 * linked, the hypercall page stays; code, stack and arguments replace what follows.
 */
final class HostileDomain implements AutoCloseable {
    static final long BASE = 0xFFFF_FFFF_8000_0000L;
    private static final int FRAMES = 2048;
    private static final int MOST_PIECES = 16;
    /** No answer of the VMM's: EINTR. */
    private static final long GIVEN_UP = -4;

    private static final int HANDLER = 1;
    private static final int FRAGMENT = 2;
    private static final int FRAGMENT_FRAMES = 2;
    private static final int STACK_END = 6;
    private static final int ARGUMENTS = 6;
    private static final int ARGUMENT_FRAMES = 4;
    private static final int VARIABLES = 10;
    private static final int CONTEXT = 12;
    private static final int STORES = 14;
    private static final int OTHER_STACK_END = 16;
    private static final int WINDOW = 256;
    private static final int WINDOW_FRAMES = 256;
    private static final int CANDIDATES = 128;
    /** Beyond what is mapped. */
    private static final int SHARED = 1200;

    private static final int SHARED_FRAMES = 16;

    private static final int SLOT = 128;
    private static final int MISDEEDS = 24;
    /** Where the handler goes on. */
    private static final long NEXT = BASE + ((long) VARIABLES << 12);

    /** Cleared by a fragment that runs. */
    private static final long ALIVE = NEXT + 8;

    /** Fragments that do not run before the domain is given up. */
    private static final int MOST_IDLE = 2;

    private static final int INSTRUCTIONS = 1000;
    private static final long CYCLES = 5000;
    private static final long HERTZ = 10_000_000;

    private static final int VCPU_OP = 24;
    private static final int CONTEXT_FLAGS = 512;
    private static final int CONTEXT_RIP = 648;
    private static final int CONTEXT_RSP = 672;
    private static final int CONTEXT_TRAPS = 720;
    private static final int CONTEXT_KERNEL_STACK = 4976;
    private static final int CONTEXT_CR3 = 5008;
    private static final int CONTEXT_EVENT = 5112;
    private static final int IN_KERNEL = 1 << 2;

    private final RandomGenerator random;
    private final ParavirtualMachine machine;
    private final Domain domain;
    private final long[] ringFrames = new long[2];
    private int argumentsPlaced;
    private int idle;

    HostileDomain(RandomGenerator random, MachineMemory host, MachineAddressMap map)
            throws IOException, InvalidImageException {
        this.random = random;
        machine = machine(host, map, FRAMES, 2);
        domain = machine.domain();
        for (int n = 0; n < ringFrames.length; n++) {
            ringFrames[n] = word(domain.grants().table().mfn(0), 8 * n + 4);
        }
        handler();
        stores();
    }

    /** The built-in guest, about to start. */
    static ParavirtualMachine machine(MachineMemory host, MachineAddressMap map, int frames, int vcpus)
            throws IOException, InvalidImageException {
        DomainSettings settings =
                new DomainSettings((long) frames << 12, vcpus, CpuModel.BASELINE, HERTZ, 1000, 1_000_000_000L);
        ParavirtualMachine machine = new ParavirtualMachine(
                settings,
                host,
                map,
                new ExitLedger(ExitCosts.NONE),
                ProcessorCosts.NONE,
                Interpreter::new,
                backends -> {});
        try (var elf = requireNonNull(Domain.class.getResourceAsStream("/dev/simvisor/node/guest/builtin-xen.elf"))) {
            machine.boot(new Image("builtin-xen.elf", elf.readAllBytes()), null, "run=\"dirty 2 8\"");
        }
        return machine;
    }

    Domain domain() {
        return domain;
    }

    /** What its devices are attached to. */
    BackendDomain backends() {
        return machine.backends();
    }

    /** Something typed at its console. */
    void type(byte[] bytes) {
        machine.type(bytes);
    }

    /** A frame to share with domain 0, few enough that they are met again as something else. */
    long sharedFrame(RandomGenerator from) {
        if (from.nextInt(16) == 0) return sandboxFrame(from);
        return domain.memory().mfn(SHARED + from.nextInt(SHARED_FRAMES));
    }

    /** Writes to a frame of any number, if the guest could; false if it could not. */
    boolean forge(long mfn, int offset, byte[] bytes) {
        int gfn = domain.memory().gfn(mfn);
        if (gfn < 0 || !isWritable(gfn)) return false;
        domain.memory().memory().write((long) gfn << 12 | offset, bytes);
        return true;
    }

    /** The frame that the toolstack granted to domain 0 by a reference. */
    long ringFrame(int reference) {
        return ringFrames[reference];
    }

    /** Whether what the VMM writes to is still no page table, and cannot become one. */
    boolean areRingsHeld() {
        return Arrays.stream(ringFrames)
                .allMatch(mfn -> domain.frames().type(domain.memory().gfn(mfn)) == FrameType.WRITABLE);
    }

    /** Reads from a frame of its own. */
    int word(long mfn, int offset) {
        int gfn = domain.memory().gfn(mfn);
        return gfn < 0 ? 0 : (int) domain.memory().memory().read((long) gfn << 12 | offset, 4);
    }

    /** The second word of an argument, as an operation has left it. */
    int answer(int place) {
        try {
            return domain.vcpu(0).access().readInt(addressOf(place) + 4);
        } catch (XenError unmapped) {
            return 0;
        }
    }

    /** Whether it can go on: it has neither shut down nor lost what its code stands on. */
    boolean isAlive() {
        return domain.shutdownReason() == null && idle < MOST_IDLE;
    }

    // ---- what fragments find

    private void write(int gfn, int offset, long value) {
        domain.memory().memory().write((long) gfn << 12 | offset, 8, value);
    }

    /** As if the guest had written it some time before: not to what has become a page table. */
    private void write(int gfn, CodeBuffer code) {
        domain.memory().memory().write((long) gfn << 12, code.toByteArray());
    }

    private boolean isWritable(int gfn) {
        FrameType type = domain.frames().type(gfn);
        return domain.frames().isAllocated(gfn) && (type == FrameType.NONE || type == FrameType.WRITABLE);
    }

    boolean isTable(long mfn) {
        int gfn = domain.memory().gfn(mfn);
        return gfn >= 0 && domain.frames().type(gfn).level() > 0;
    }

    /** Room for so many quadwords of arguments. */
    int place(int words) {
        if (argumentsPlaced + words > ARGUMENT_FRAMES * 512) argumentsPlaced = 0;
        int place = argumentsPlaced;
        argumentsPlaced += words;
        return place;
    }

    /** Whether the guest can write it there. */
    boolean argument(int place, long value) {
        try {
            domain.vcpu(0).access().writeLong(addressOf(place), value);
            return true;
        } catch (XenError unmapped) {
            return false;
        }
    }

    long addressOf(int place) {
        return BASE + ((long) ARGUMENTS << 12) + 8L * place;
    }

    /** The address of a page that the guest may remap. */
    long windowPage(RandomGenerator from) {
        return BASE + ((long) WINDOW + from.nextInt(WINDOW_FRAMES) << 12);
    }

    long ownPage(RandomGenerator from) {
        return BASE + ((long) from.nextInt(WINDOW) << 12);
    }

    /** A frame of the window's that may be a page table yet. */
    int candidate(RandomGenerator from) {
        return WINDOW + CANDIDATES + from.nextInt(16);
    }

    long addressOfFrame(int gfn) {
        return BASE + ((long) gfn << 12);
    }

    /** Writes an entry of a table in the making, if the guest can. */
    void forgeEntry(int gfn, int index, long entry) {
        if (isWritable(gfn)) write(gfn, 8 * index, entry);
    }

    /** Gives a top table the kernel's half, so that it can be switched to. */
    void copyKernel(int gfn) {
        long root = (long) domain.vcpu(0).kernelTable() << 12;
        for (int index = 272; index < 512; index++) {
            forgeEntry(gfn, index, domain.memory().memory().read(root + 8L * index, 8));
        }
    }

    /** A frame to play with, few enough that it is met again as something else. */
    long sandboxFrame(RandomGenerator from) {
        if (from.nextInt(32) == 0) return ringFrames[from.nextInt(ringFrames.length)];
        int gfn = from.nextInt(4) == 0
                ? WINDOW + CANDIDATES + from.nextInt(CANDIDATES)
                : WINDOW + CANDIDATES + from.nextInt(16);
        return domain.memory().mfn(from.nextInt(64) == 0 ? from.nextInt(FRAMES + 4) : gfn);
    }

    /** One of the page tables that the domain was started with. */
    long tableFrame(RandomGenerator from) {
        return domain.memory().mfn(domain.vcpu(0).kernelTable() + from.nextInt(5));
    }

    // ---- code

    /** Goes on with the next misdeed. */
    private void handler() {
        CodeBuffer code = new CodeBuffer(true);
        code.load(Cpu.RSP, BASE + ((long) STACK_END << 12));
        code.bytes(0xFF, 0x24, 0x25).little(NEXT, 4); // JMP [NEXT]
        write(HANDLER, code);
    }

    /** The second vCPU's loop, and at 800H its handler: a store to each page of the window in turn. */
    private void stores() {
        long window = BASE + ((long) WINDOW << 12);
        CodeBuffer loop = new CodeBuffer(true);
        loop.load(Cpu.RSP, BASE + ((long) OTHER_STACK_END << 12));
        loop.bytes(0x48, 0x81, 0xC3).little(0x1008, 4); // ADD RBX, 1008H
        loop.bytes(0x48, 0x81, 0xE3).little((WINDOW_FRAMES << 12) - 8, 4); // AND RBX
        loop.load(Cpu.RDI, window);
        loop.bytes(0x48, 0x8B, 0x04, 0x1F); // MOV RAX, [RDI+RBX]
        loop.bytes(0x48, 0x89, 0x1C, 0x1F); // MOV [RDI+RBX], RBX
        loop.bytes(0xEB, -(loop.size() + 2) & 0xFF);
        write(STORES, loop);
        long rip = BASE + ((long) STORES << 12);
        write(CONTEXT, CONTEXT_FLAGS, IN_KERNEL);
        write(CONTEXT, CONTEXT_RIP, rip);
        write(CONTEXT, CONTEXT_RIP + 8, HypervisorSpace.FLAT_CODE_64);
        write(CONTEXT, CONTEXT_RIP + 16, Flags.RESERVED_ONE);
        write(CONTEXT, CONTEXT_RSP, BASE + ((long) OTHER_STACK_END << 12));
        write(CONTEXT, CONTEXT_RSP + 8, HypervisorSpace.FLAT_DATA);
        for (int vector = 0; vector < 32; vector++) {
            write(CONTEXT, CONTEXT_TRAPS + 16 * vector, vector | 4 << 8 | (long) HypervisorSpace.FLAT_CODE_64 << 16);
            write(CONTEXT, CONTEXT_TRAPS + 16 * vector + 8, rip);
        }
        int next = CONTEXT + 1;
        write(next, CONTEXT_KERNEL_STACK - 4096 - 8, HypervisorSpace.FLAT_DATA);
        write(next, CONTEXT_KERNEL_STACK - 4096, BASE + ((long) OTHER_STACK_END << 12));
        write(next, CONTEXT_CR3 - 4096, domain.memory().mfn(domain.vcpu(0).kernelTable()) << 12);
        for (int n = 0; n < 3; n++) write(next, CONTEXT_EVENT - 4096 + 8 * n, rip);
    }

    /** Starts the second vCPU, by hypercalls. */
    void start() {
        long context = BASE + ((long) CONTEXT << 12);
        if (call(VCPU_OP, 0, 1, context, 0, 0) != 0 || call(VCPU_OP, 1, 1, 0, 0, 0) != 0) {
            throw new IllegalStateException("the second vCPU does not start");
        }
    }

    /** What the VMM answers to a hypercall of the first vCPU's kernel; an error if that takes very long. */
    long call(long number, long... arguments) {
        Vcpu vcpu = domain.vcpu(0);
        long[] rest = Arrays.copyOf(arguments, 6);
        for (int pieces = 0; pieces < MOST_PIECES; pieces++) {
            if (!vcpu.inKernel()) vcpu.toggleMode();
            try {
                return machine.hypercalls().call(vcpu, number, rest);
            } catch (Preempted again) {
                // With the arguments of the rest.
            }
        }
        return GIVEN_UP;
    }

    // ---- fragments

    /** Has the guest execute misdeeds, some of which are hypercalls. */
    void run(HostileHypercalls hypercalls) {
        byte[] fragment = new byte[FRAGMENT_FRAMES << 12];
        for (int n = 0; n < MISDEEDS; n++) {
            CodeBuffer code = new CodeBuffer(true);
            code.load(Cpu.RAX, BASE + ((long) FRAGMENT << 12) + (n + 1L) * SLOT);
            code.bytes(0x48, 0xA3).little(NEXT, 8); // MOV [NEXT], RAX
            if (n == 0) code.bytes(0x31, 0xC0, 0x48, 0xA3).little(ALIVE, 8); // XOR EAX, EAX; MOV [ALIVE], RAX
            if (random.nextInt(4) == 0) hypercall(code, hypercalls.next());
            else misdeed(code);
            code.bytes(0xEB, SLOT - code.size() - 2); // JMP to the next
            byte[] bytes = code.toByteArray();
            System.arraycopy(bytes, 0, fragment, n * SLOT, bytes.length);
        }
        fragment[MISDEEDS * SLOT] = (byte) 0xEB; // JMP to itself
        fragment[MISDEEDS * SLOT + 1] = (byte) 0xFE;
        if (!isWritable(FRAGMENT) || !isWritable(FRAGMENT + 1) || !isWritable(VARIABLES)) {
            idle = MOST_IDLE;
            return;
        }
        domain.memory().memory().write((long) FRAGMENT << 12, fragment);
        long alive = ((long) VARIABLES << 12) + ALIVE - NEXT;
        domain.memory().memory().write(alive, 8, 1);
        restart(domain.vcpu(0));
        machine.runUntil(machine.cycles() + CYCLES, machine.instructions() + 2 * INSTRUCTIONS);
        idle = domain.memory().memory().read(alive, 8) == 0 ? 0 : idle + 1;
    }

    private static void hypercall(CodeBuffer code, HostileHypercalls.Call call) {
        long[] arguments = call.arguments();
        code.load(Cpu.RDI, arguments[0]).load(Cpu.RSI, arguments[1]).load(Cpu.RDX, arguments[2]);
        code.bytes(0x49, 0xBA).little(arguments[3], 8); // MOV R10
        code.bytes(0x49, 0xB8).little(arguments[4], 8); // MOV R8
        code.load(Cpu.RAX, call.number()).bytes(0x0F, 0x05); // SYSCALL
    }

    private void misdeed(CodeBuffer code) {
        switch (random.nextInt(8)) {
            case 0 -> store(code, windowPage(random) + 8L * random.nextInt(512));
            case 1 -> store(code, BASE + 8L * random.nextInt(FRAMES << 9));
            case 2 -> store(code, 0xFFFF_8000_0000_0000L + random.nextLong(1L << 43));
            case 3 -> code.load(Cpu.RDI, windowPage(random)).bytes(0xFF, 0xE7); // JMP RDI
            case 4 -> code.bytes(0xCD, random.nextInt(256)); // INT n
            case 5 -> {
                for (int n = 0; n < 12; n++) code.bytes(random.nextInt(256));
            }
            case 6 -> code.bytes(0x0F, random.nextInt(256), random.nextInt(256), random.nextInt(256));
            default -> {
                int[] privileged = {0xE4, 0xE6, 0xEC, 0xEE, 0x6C, 0x6E, 0xFA, 0xFB, 0xF4, 0x9C, 0x9D, 0xCF, 0x8E, 0xEF};
                code.bytes(privileged[random.nextInt(privileged.length)], random.nextInt(256));
            }
        }
    }

    private void store(CodeBuffer code, long address) {
        code.load(Cpu.RDI, address).load(Cpu.RAX, random.nextLong());
        switch (random.nextInt(3)) {
            case 0 -> code.bytes(0x48, 0x89, 0x07); // MOV [RDI], RAX
            case 1 -> code.bytes(0x48, 0x87, 0x07); // XCHG [RDI], RAX
            default -> code.bytes(0xF0, 0x48, 0x0F, 0xB1, 0x07); // LOCK CMPXCHG [RDI], RAX
        }
    }

    /** Puts the first vCPU where its next fragment begins, whatever the last one made of it. */
    private void restart(Vcpu vcpu) {
        Cpu cpu = vcpu.cpu();
        if (!vcpu.inKernel()) vcpu.toggleMode();
        vcpu.up();
        vcpu.wake();
        long handler = BASE + ((long) HANDLER << 12);
        for (int vector = 0; vector < 256; vector++) {
            vcpu.traps.set(vector, vector >= 32 ? 7 : 4, HypervisorSpace.FLAT_CODE_64, handler);
        }
        vcpu.event.set(handler, false);
        vcpu.failsafe.set(handler, true);
        vcpu.syscall.set(handler, true);
        vcpu.kernelStack = BASE + ((long) STACK_END << 12);
        cpu.gpr[Cpu.RSP] = vcpu.kernelStack;
        cpu.rip = BASE + ((long) FRAGMENT << 12);
        cpu.rflags(Flags.RESERVED_ONE | Flags.IF);
        FlatSegments.setCode(cpu, HypervisorSpace.FLAT_CODE_64, 3, 64);
        FlatSegments.setStack(cpu, HypervisorSpace.FLAT_DATA, 3);
        cpu.updateMode();
    }

    @Override
    public void close() {
        machine.close();
    }
}
