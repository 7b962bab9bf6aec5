package dev.simvisor.controller.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bouncycastle.bcpg.HashAlgorithmTags;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyringTest {
    private static final String TEXT = "Codename: bookworm\nSHA256:\n aa 1 main/x\n- dashed\n";

    @TempDir
    Path folder;

    private SigningKey key;
    private Keyring keyring;

    @BeforeEach
    void generateKey() throws Exception {
        key = SigningKey.generate();
        keyring = Keyring.read(key.writeKeyring(folder.resolve("keys.gpg")));
    }

    @Test
    void goodSignatureYieldsTheSignedText() throws Exception {
        assertThat(keyring.verifiedText(key.clearSign(TEXT), "InRelease")).isEqualTo(TEXT.strip());
    }

    @Test
    void changedTextIsRefused() throws Exception {
        byte[] message = replaced(key.clearSign(TEXT), " aa 1", " bb 1");
        assertThatThrownBy(() -> keyring.verifiedText(message, "InRelease"))
                .isInstanceOf(GuestException.class)
                .hasMessageStartingWith("InRelease: no good signature by a trusted key; the signatures are by ");
    }

    @Test
    void signatureByAnUnknownKeyIsRefused() throws Exception {
        byte[] message = SigningKey.generate().clearSign(TEXT);
        assertThatThrownBy(() -> keyring.verifiedText(message, "InRelease"))
                .hasMessageContaining("no good signature by a trusted key");
    }

    @Test
    void signatureOverWeakHashIsRefused() throws Exception {
        byte[] message = key.clearSign(TEXT, HashAlgorithmTags.SHA1);
        assertThatThrownBy(() -> keyring.verifiedText(message, "InRelease"))
                .hasMessageContaining("no good signature by a trusted key");
    }

    @Test
    void textInFrontOfTheSignedMessageIsRefused() throws Exception {
        byte[] message = ("Codename: evil\n" + latin1(key.clearSign(TEXT))).getBytes(StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> keyring.verifiedText(message, "InRelease"))
                .hasMessageContaining("not a clear-signed index");
    }

    @Test
    void textBehindTheSignedMessageIsNotReturned() throws Exception {
        byte[] message = (latin1(key.clearSign(TEXT)) + "\nCodename: evil\n").getBytes(StandardCharsets.ISO_8859_1);
        assertThat(keyring.verifiedText(message, "InRelease")).doesNotContain("evil");
    }

    @Test
    void messageCutBeforeItsSignatureIsRefused() throws Exception {
        String whole = latin1(key.clearSign(TEXT));
        byte[] message =
                whole.substring(0, whole.indexOf("-----BEGIN PGP SIGNATURE")).getBytes(StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> keyring.verifiedText(message, "InRelease")).isInstanceOf(GuestException.class);
    }

    @Test
    void fileThatIsNoKeyringIsRefused() throws Exception {
        Path file = Files.writeString(folder.resolve("passwd"), "root:x:0:0\n");
        assertThatThrownBy(() -> Keyring.read(file))
                .isInstanceOf(GuestException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageEndingWith("expected public keys");
    }

    private static byte[] replaced(byte[] message, String from, String to) {
        return latin1(message).replace(from, to).getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String latin1(byte[] message) {
        return new String(message, StandardCharsets.ISO_8859_1);
    }
}
