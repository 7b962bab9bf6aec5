package dev.simvisor.node.vmm.para.build;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The page of stubs that a kernel may call for hypercalls: 32 bytes for each number, which keep RCX and R11. */
final class HypercallPage {
    private static final int SIZE = 4096;
    private static final int STUB = 32;
    private static final int IRET = 23;

    private HypercallPage() {}

    static byte[] bytes() {
        ByteBuffer page = ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);
        for (int number = 0; number < SIZE / STUB; number++) {
            page.position(number * STUB);
            page.put((byte) 0x51); // push rcx
            page.put((byte) 0x41).put((byte) 0x53); // push r11
            if (number == IRET) page.put((byte) 0x50); // push rax: what was pushed is the start of iret's frame
            page.put((byte) 0xB8).putInt(number); // mov eax, number
            page.put((byte) 0x0F).put((byte) 0x05); // syscall
            if (number == IRET) continue;
            page.put((byte) 0x41).put((byte) 0x5B); // pop r11
            page.put((byte) 0x59); // pop rcx
            page.put((byte) 0xC3); // ret
        }
        return page.array();
    }
}
