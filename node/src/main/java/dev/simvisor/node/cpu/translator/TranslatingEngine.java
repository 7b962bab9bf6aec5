package dev.simvisor.node.cpu.translator;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.disassemble.SymbolTable;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import java.util.List;

/** The engine that interprets cold code and translates hot code. */
public final class TranslatingEngine implements Engine {
    private final Translator translator;
    private final Interpreter interpreter;

    public TranslatingEngine(Cpu cpu) {
        this(cpu, SymbolTable.NONE);
    }

    /** @param symbols which profilers show regions under */
    public TranslatingEngine(Cpu cpu, SymbolTable symbols) {
        this(cpu, TranslatorSettings.DEFAULT, RegionLibrary.SHARED, symbols);
    }

    public TranslatingEngine(Cpu cpu, TranslatorSettings settings) {
        this(cpu, settings, new RegionLibrary(), SymbolTable.NONE);
    }

    /** An engine that takes from a library what others have translated of the same code. */
    TranslatingEngine(Cpu cpu, TranslatorSettings settings, RegionLibrary library, SymbolTable symbols) {
        translator = new Translator(cpu, settings, library, symbols);
        interpreter = new Interpreter(cpu, translator);
    }

    @Override
    public void run(long instructions) {
        interpreter.run(instructions);
    }

    @Override
    public void codeWritten(long physicalAddress, long length) {
        interpreter.codeWritten(physicalAddress, length);
    }

    @Override
    public void flushCode() {
        interpreter.flushCode();
    }

    /** The regions, those that executed most first. */
    public List<TranslatedRegion> hottest() {
        return translator.hottest();
    }

    public TranslatorStatistics statistics() {
        translator.statistics().executed(interpreter.translatedInstructions(), interpreter.regionEntries());
        return translator.statistics();
    }
}
