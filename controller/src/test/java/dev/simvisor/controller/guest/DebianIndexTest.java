package dev.simvisor.controller.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.StringReader;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

class DebianIndexTest {
    private static final String SHA256 = "0123456789abcdef".repeat(4);

    private static final String PACKAGES = """
            Package: other
            Version: 1

            Package: linux-image-amd64
            Version: 6.1.176-1
            Depends: linux-image-6.1.0-50-amd64 (= 6.1.176-1), a | b, c:any
            Description: Linux
             Package: not-a-field
            Filename: pool/l.deb
            Size: 1480
            SHA256: %s
            """.formatted(SHA256);

    private static Optional<DebianPackage> find(String name, String index) throws Exception {
        return DebianPackage.find(name, new BufferedReader(new StringReader(index)));
    }

    @Test
    void entryHasItsDependenciesWithoutVersionsOrAlternatives() throws Exception {
        assertThat(find("linux-image-amd64", PACKAGES))
                .get()
                .returns("6.1.176-1", DebianPackage::version)
                .returns("pool/l.deb", DebianPackage::path)
                .returns(1480L, DebianPackage::size)
                .returns(SHA256, DebianPackage::sha256)
                .extracting(DebianPackage::depends)
                .asInstanceOf(InstanceOfAssertFactories.LIST)
                .containsExactly("linux-image-6.1.0-50-amd64", "a", "c");
    }

    @Test
    void packageThatIsNotListedIsNotFound() throws Exception {
        assertThat(find("linux-image", PACKAGES)).isEmpty();
        assertThat(find("not-a-field", PACKAGES)).isEmpty();
    }

    @Test
    void entryWithoutChecksumIsRefused() {
        assertThatThrownBy(() -> find("other", PACKAGES))
                .isInstanceOf(GuestException.class)
                .hasMessage("the index entry of other has no valid Filename field");
    }

    @Test
    void releaseListsTheChecksumsOfItsSha256SectionOnly() {
        ReleaseIndex release = ReleaseIndex.parse("""
                Codename: bookworm
                MD5Sum:
                 11 5 main/Packages.xz
                SHA256:
                 22 5 main/Packages.xz
                 33 x main/broken
                """);
        assertThat(release.codename()).isEqualTo("bookworm");
        assertThat(release.entries()).containsOnly(Map.entry("main/Packages.xz", new ReleaseIndex.Entry(5, "22")));
    }
}
