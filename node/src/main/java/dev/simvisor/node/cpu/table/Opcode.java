package dev.simvisor.node.cpu.table;

/**
 * The bytes that a row matches.
 *
 * @param prefix the mandatory prefix
 * @param rexW whether REX.W must be set
 * @param map which opcode map: 0 one-byte, 1 after 0FH, 2 after 0F38H, 3 after 0F3AH
 * @param code the opcode byte; the first of eight if {@code lowRegister}
 * @param lowRegister whether the low three bits of the opcode byte name a register
 * @param digit required value of ModRM.reg, or -1
 * @param modRm required ModRM byte, or -1
 * @param lowStack whether the low three bits of that ModRM byte name ST(i)
 * @param notation as the table writes it
 */
public record Opcode(
        MandatoryPrefix prefix,
        boolean rexW,
        int map,
        int code,
        boolean lowRegister,
        int digit,
        int modRm,
        boolean lowStack,
        String notation) {

    /** The mandatory prefix of SSE instructions, which selects the row (SDM Vol 2A §2.1.2). */
    public enum MandatoryPrefix {
        /** The row takes any of these prefixes, with their ordinary meanings. */
        ANY,
        NP,
        P66,
        F2,
        F3
    }

    public static final int NONE = -1;

    /** Whether the opcode says something about the ModRM byte. */
    boolean constrainsModRm() {
        return digit != NONE || modRm != NONE;
    }

    /** Rows that match the same bytes are tried from the highest value to the lowest. */
    int specificity() {
        int prefixed = prefix == MandatoryPrefix.ANY ? 0 : 8;
        int wide = rexW ? 4 : 0;
        int byModRm = modRm != NONE ? 2 : digit != NONE ? 1 : 0;
        return prefixed + wide + byModRm - (lowRegister ? 1 : 0);
    }

    /** Whether bytes with this mandatory prefix, REX.W and ModRM byte (0 if there is none) match. */
    boolean matches(MandatoryPrefix present, boolean wide, int modRmByte) {
        if (prefix != MandatoryPrefix.ANY && prefix != present) return false;
        if (rexW && !wide) return false;
        if (digit != NONE && digit != (modRmByte >> 3 & 7)) return false;
        return modRm == NONE || modRm == (lowStack ? modRmByte & 0xF8 : modRmByte);
    }
}
