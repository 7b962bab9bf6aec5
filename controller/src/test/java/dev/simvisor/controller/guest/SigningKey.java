package dev.simvisor.controller.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.util.Date;
import java.util.List;
import org.bouncycastle.bcpg.ArmoredOutputStream;
import org.bouncycastle.bcpg.HashAlgorithmTags;
import org.bouncycastle.bcpg.PublicKeyAlgorithmTags;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.PGPPublicKeyRing;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.PGPSignatureGenerator;
import org.bouncycastle.openpgp.operator.jcajce.JcaPGPContentSignerBuilder;
import org.bouncycastle.openpgp.operator.jcajce.JcaPGPKeyPair;

/** A fresh OpenPGP key that signs as an archive does. */
final class SigningKey {
    private final JcaPGPKeyPair pair;

    private SigningKey(JcaPGPKeyPair pair) {
        this.pair = pair;
    }

    static SigningKey generate() throws PGPException, NoSuchAlgorithmException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        return new SigningKey(
                new JcaPGPKeyPair(4, PublicKeyAlgorithmTags.RSA_GENERAL, generator.generateKeyPair(), new Date()));
    }

    /** Writes the public half as a keyring. */
    Path writeKeyring(Path file) throws IOException {
        return Files.write(file, new PGPPublicKeyRing(List.of(pair.getPublicKey())).getEncoded());
    }

    /** The text, which ends with a line feed, as a clear-signed message. */
    byte[] clearSign(String text) throws IOException, PGPException {
        return clearSign(text, HashAlgorithmTags.SHA256);
    }

    byte[] clearSign(String text, int hash) throws IOException, PGPException {
        PGPSignatureGenerator generator = new PGPSignatureGenerator(
                new JcaPGPContentSignerBuilder(PublicKeyAlgorithmTags.RSA_GENERAL, hash), pair.getPublicKey());
        generator.init(PGPSignature.CANONICAL_TEXT_DOCUMENT, pair.getPrivateKey());
        generator.update(text.strip().replace("\n", "\r\n").getBytes(StandardCharsets.UTF_8));

        ByteArrayOutputStream message = new ByteArrayOutputStream();
        try (ArmoredOutputStream armor = new ArmoredOutputStream(message)) {
            armor.beginClearText(hash);
            armor.write(text.getBytes(StandardCharsets.UTF_8));
            armor.endClearText();
            OutputStream signature = armor;
            generator.generate().encode(signature);
        }
        return message.toByteArray();
    }
}
