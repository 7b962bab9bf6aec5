package dev.simvisor.controller.web;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.StringValue;
import com.google.protobuf.util.JsonFormat;
import dev.simvisor.controller.report.EventWords;
import dev.simvisor.controller.web.LiveCluster.News;
import dev.simvisor.controller.web.LiveCluster.Snapshot;
import dev.simvisor.proto.api.Event;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The API's messages as JSON, and what the page is told in them. */
final class ApiJson {
    private static final JsonFormat.Printer PRINTER =
            JsonFormat.printer().alwaysPrintFieldsWithNoPresence().omittingInsignificantWhitespace();

    private ApiJson() {}

    static String of(MessageOrBuilder message) {
        try {
            return PRINTER.print(message);
        } catch (InvalidProtocolBufferException unprintable) {
            throw new IllegalStateException(unprintable); // only messages of type Any are
        }
    }

    private static String of(List<? extends Message> messages) {
        return array(messages.stream().map(ApiJson::of));
    }

    private static String array(Stream<String> items) {
        return items.collect(Collectors.joining(",", "[", "]"));
    }

    /** With its words, which are those of the command line. */
    private static String withWords(Event event) {
        String words = of(StringValue.of(EventWords.of(event)));
        return "{\"event\":" + of(event) + ",\"text\":" + words + "}";
    }

    static String of(News news) {
        return switch (news) {
            case News.Happened happened -> withWords(happened.event());
            case News.Sampled sampled ->
                "{\"sample\":" + of(sampled.sample()) + ",\"status\":" + of(sampled.status()) + "}";
        };
    }

    /** @param dropped how many news before it the page does not get */
    static String of(Snapshot snapshot, long dropped) {
        return "{\"snapshot\":{\"dropped\":" + dropped
                + ",\"status\":" + of(snapshot.status())
                + ",\"hosts\":" + of(snapshot.hosts())
                + ",\"vms\":" + of(snapshot.vms())
                + ",\"migrations\":" + of(snapshot.migrations())
                + ",\"events\":" + array(snapshot.events().stream().map(ApiJson::withWords))
                + ",\"samples\":" + of(snapshot.samples())
                + "}}";
    }
}
