package dev.simvisor.controller.guest;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import org.bouncycastle.bcpg.ArmoredInputStream;
import org.bouncycastle.bcpg.HashAlgorithmTags;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.PGPPublicKey;
import org.bouncycastle.openpgp.PGPPublicKeyRingCollection;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.PGPSignatureList;
import org.bouncycastle.openpgp.PGPUtil;
import org.bouncycastle.openpgp.bc.BcPGPObjectFactory;
import org.bouncycastle.openpgp.operator.bc.BcKeyFingerprintCalculator;
import org.bouncycastle.openpgp.operator.bc.BcPGPContentVerifierBuilderProvider;
import org.jspecify.annotations.Nullable;

/** The OpenPGP keys whose signature on an index is trusted. */
final class Keyring {
    /** RFC 9580 §9.5 forbids the older ones for new signatures. */
    private static final Set<Integer> STRONG_HASHES =
            Set.of(HashAlgorithmTags.SHA256, HashAlgorithmTags.SHA384, HashAlgorithmTags.SHA512);

    private static final String CLEAR_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----";

    private final PGPPublicKeyRingCollection keys;

    private Keyring(PGPPublicKeyRingCollection keys) {
        this.keys = keys;
    }

    static Keyring read(Path file) throws GuestException {
        try (InputStream in = PGPUtil.getDecoderStream(new BufferedInputStream(Files.newInputStream(file)))) {
            PGPPublicKeyRingCollection keys = new PGPPublicKeyRingCollection(in, new BcKeyFingerprintCalculator());
            if (keys.size() > 0) {
                return new Keyring(keys);
            }
        } catch (IOException | PGPException invalid) {
            throw new GuestException(file + ": not a readable OpenPGP keyring; expected public keys", invalid);
        }
        throw new GuestException(file + ": no OpenPGP key in it; expected public keys");
    }

    /**
     * The text that a clear-signed message signs (RFC 9580 §7), and nothing that stands around it.
     *
     * @param origin where the message is from, for the error
     * @throws GuestException unless one of the signatures is good and by a key of this ring
     */
    String verifiedText(byte[] message, String origin) throws GuestException {
        ClearSigned signed = ClearSigned.read(message, origin);
        try {
            for (PGPSignature signature : signed.signatures()) {
                PGPPublicKey key = keys.getPublicKey(signature.getKeyID());
                if (key != null && acceptable(signature, key) && verifies(signature, key, signed.text())) {
                    return signed.text();
                }
            }
        } catch (PGPException invalid) {
            throw new GuestException(origin + ": the signature cannot be checked: " + invalid.getMessage(), invalid);
        }
        throw new GuestException(origin + ": no good signature by a trusted key; the signatures are by "
                + signed.signers() + "; give the keyring that has one of them with --keyring");
    }

    /** The text of a clear-signed message whose signatures nobody checks. */
    static String unverifiedText(byte[] message, String origin) throws GuestException {
        return ClearSigned.read(message, origin).text();
    }

    private static boolean acceptable(PGPSignature signature, PGPPublicKey key) {
        long lifetimeMillis = key.getValidSeconds() * 1000;
        boolean keyWasValid = lifetimeMillis == 0
                || signature.getCreationTime().getTime() < key.getCreationTime().getTime() + lifetimeMillis;
        return keyWasValid
                && !key.hasRevocation()
                && signature.getSignatureType() == PGPSignature.CANONICAL_TEXT_DOCUMENT
                && STRONG_HASHES.contains(signature.getHashAlgorithm());
    }

    private static boolean verifies(PGPSignature signature, PGPPublicKey key, String text) throws PGPException {
        signature.init(new BcPGPContentVerifierBuilderProvider(), key);
        signature.update(text.replace("\n", "\r\n").getBytes(StandardCharsets.UTF_8));
        return signature.verify();
    }

    /** @param text the lines without what trails them, joined by line feeds, as the signature covers them */
    private record ClearSigned(String text, PGPSignatureList signatures) {
        static ClearSigned read(byte[] message, String origin) throws GuestException {
            if (!new String(message, StandardCharsets.UTF_8).startsWith(CLEAR_SIGNED)) {
                throw new GuestException(origin + ": not a clear-signed index; expected " + CLEAR_SIGNED);
            }
            try (ArmoredInputStream in = new ArmoredInputStream(new ByteArrayInputStream(message))) {
                String text = text(in);
                if (objectAfter(in) instanceof PGPSignatureList signatures) {
                    return new ClearSigned(text, signatures);
                }
                throw new GuestException(origin + ": no OpenPGP signature follows the index");
            } catch (IOException invalid) {
                throw new GuestException(origin + ": damaged OpenPGP message: " + invalid.getMessage(), invalid);
            }
        }

        private static String text(ArmoredInputStream in) throws IOException {
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            for (int octet = in.read(); octet >= 0 && in.isClearText(); octet = in.read()) {
                text.write(octet);
            }
            return text.toString(StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.replaceFirst("[ \\t]+$", ""))
                    .collect(Collectors.joining("\n"));
        }

        private static @Nullable Object objectAfter(ArmoredInputStream in) throws IOException {
            return new BcPGPObjectFactory(in).nextObject();
        }

        String signers() {
            StringBuilder signers = new StringBuilder();
            for (PGPSignature signature : signatures) {
                signers.append(signers.isEmpty() ? "" : ", ").append("%016X".formatted(signature.getKeyID()));
            }
            return signers.toString();
        }
    }
}
