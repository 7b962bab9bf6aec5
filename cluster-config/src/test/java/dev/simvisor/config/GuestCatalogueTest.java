package dev.simvisor.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestCatalogueTest {
    @TempDir
    Path folder;

    @Test
    void comesWithTheBuiltInGuestTheDebiansAndABootLoader() {
        assertThat(GuestCatalogue.load().guests().keySet())
                .containsExactly("builtin", "debian-12-amd64", "debian-12-i386", "debian-13-amd64", "grub-xen");
    }

    @Test
    void i386DebianDiffersFromAmd64InArchitectureAndKernel() {
        assertThat(GuestCatalogue.load().find("debian-12-i386"))
                .asInstanceOf(InstanceOfAssertFactories.type(Guest.Debian.class))
                .returns("i386", Guest.Debian::architecture)
                .returns("linux-image-686-pae", Guest.Debian::kernelPackage)
                .returns("bookworm", Guest.Debian::release)
                .returns(MemorySize.parse("256M"), Guest.Debian::memory);
    }

    @Test
    void aParavirtualGuestHasAKernelAndACommandLineOfItsOwn() {
        Guest.BuiltIn builtIn = (Guest.BuiltIn) GuestCatalogue.load().find("builtin");
        assertThat(builtIn.image(VirtualizationMode.PARA)).endsWith("builtin-xen.elf");
        assertThat(builtIn.image(VirtualizationMode.HARDWARE)).endsWith("builtin.elf");
        Guest debian = GuestCatalogue.load().find("debian-12-amd64");
        assertThat(debian.commandLine(VirtualizationMode.PARA)).isEqualTo("console=hvc0");
        assertThat(debian.commandLine(VirtualizationMode.TRANSLATE)).isEqualTo("console=ttyS0");
    }

    @Test
    void theBootLoaderIsAFileOfAPackage() {
        assertThat(GuestCatalogue.load().find("grub-xen"))
                .asInstanceOf(InstanceOfAssertFactories.type(Guest.DebianFile.class))
                .returns("grub-xen-host", Guest.DebianFile::packageName)
                .returns("usr/lib/grub-xen/grub-x86_64-xen.bin", Guest.DebianFile::file);
    }

    @Test
    void unknownGuestNamesThoseThereAre() {
        assertThatThrownBy(() -> GuestCatalogue.load().find("plan9"))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessage(
                        "unknown guest \"plan9\"; expected one of builtin, debian-12-amd64, debian-12-i386, debian-13-amd64,"
                                + " grub-xen");
    }

    @Test
    void missingFieldIsNamedWithFileAndLine() throws IOException {
        Path file = write("guests {", "  small {", "    kind = built-in", "    memory = 1M", "  }", "}");
        assertThatThrownBy(() -> GuestCatalogue.load(file))
                .hasMessage(file + ":2: guests.small.description: is missing; expected one line for the user");
    }

    @Test
    void badSizeIsNamedWithFileAndLine() throws IOException {
        Path file = write("guests {", "  small {", "    description = small", "    memory = lots", "  }", "}");
        assertThatThrownBy(() -> GuestCatalogue.load(file))
                .hasMessage(file + ":4: guests.small.memory: is \"lots\"; expected a size such as 4K, 256M or 1.5G");
    }

    @Test
    void nameThatCannotBeAFoldersIsRefused() throws IOException {
        Path file = write("guests {", "  \"../small\" {", "  }", "}");
        assertThatThrownBy(() -> GuestCatalogue.load(file))
                .hasMessage(file + ":2: guests: has an entry \"../small\"; expected a name of letters, digits, '-', '_'"
                        + " and '.'");
    }

    @Test
    void misspeltFieldIsRefused() throws IOException {
        Path file = write("guests {", "}", "gests {", "}");
        assertThatThrownBy(() -> GuestCatalogue.load(file))
                .hasMessage(file + ":3: gests: is not a field here; expected guests");
    }

    @Test
    void textThatIsNotHoconIsOneLineWithThePosition() throws IOException {
        Path file = write("guests {", "  small = }");
        assertThatThrownBy(() -> GuestCatalogue.load(file))
                .message()
                .startsWith(file + ":2: ")
                .endsWith("; expected HOCON")
                .hasLineCount(1);
    }

    @Test
    void missingFileIsNamed() {
        Path file = folder.resolve("none.conf");
        assertThatThrownBy(() -> GuestCatalogue.load(file)).hasMessage(file + ": no such file; expected a HOCON file");
    }

    private Path write(String... lines) throws IOException {
        return Files.writeString(folder.resolve("guests.conf"), String.join("\n", lines) + "\n");
    }
}
