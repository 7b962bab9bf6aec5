package dev.simvisor.node.host;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.simvisor.proto.node.ToController;
import dev.simvisor.proto.node.ToNode;
import java.io.NotSerializableException;
import org.apache.pekko.serialization.SerializerWithStringManifest;

/** Carries the two kinds of messages between controller and nodes; nothing else crosses the wire through actors. */
public final class ProtobufSerializer extends SerializerWithStringManifest {
    private static final int IDENTIFIER = 7_311_902;
    private static final String TO_CONTROLLER = "c";
    private static final String TO_NODE = "n";

    @Override
    public int identifier() {
        return IDENTIFIER;
    }

    @Override
    public String manifest(Object message) {
        return switch (message) {
            case ToController toController -> TO_CONTROLLER;
            case ToNode toNode -> TO_NODE;
            default -> throw new IllegalArgumentException("not a message of the cluster: " + message.getClass());
        };
    }

    @Override
    public byte[] toBinary(Object message) {
        return ((Message) message).toByteArray();
    }

    @Override
    public Object fromBinary(byte[] bytes, String manifest) throws NotSerializableException {
        try {
            return switch (manifest) {
                case TO_CONTROLLER -> ToController.parseFrom(bytes);
                case TO_NODE -> ToNode.parseFrom(bytes);
                default -> throw new NotSerializableException("message of unknown kind '" + manifest + "'");
            };
        } catch (InvalidProtocolBufferException e) {
            throw new NotSerializableException("message of kind '" + manifest + "' cannot be read: " + e.getMessage());
        }
    }
}
