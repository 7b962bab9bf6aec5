package dev.simvisor.controller.cluster;

import dev.simvisor.node.host.NodeMain;
import dev.simvisor.node.vmm.GuestMachine;
import dev.simvisor.node.vmm.HostedMachines;
import dev.simvisor.node.vmm.MachineFactory;
import dev.simvisor.proto.api.VmSpec;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;

/** The process of a node whose machines leave a {@link Testimony} of what they execute. */
final class WitnessedNode {
    private WitnessedNode() {}

    /** Takes the folder of the testimonies, the controller's address and the node's name. */
    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        String name = arguments[2];
        System.exit(NodeMain.run(
                new NodeMain.Options(arguments[1], name, "127.0.0.1"),
                spec -> new Machines(new HostedMachines(spec), folder, name),
                System.out::println));
    }

    private record Machines(MachineFactory inner, Path folder, String node) implements MachineFactory {
        @Override
        public Built booted(VmSpec spec) {
            return witnessed(spec, inner.booted(spec));
        }

        @Override
        public Built blank(VmSpec spec) {
            return witnessed(spec, inner.blank(spec));
        }

        private Built witnessed(VmSpec spec, Built built) {
            return switch (built) {
                case Built.Ready(GuestMachine machine) ->
                    new Built.Ready(proxied(machine, Testimony.of(folder, spec.getName(), node)));
                case Built.Refused refused -> refused;
            };
        }

        @Override
        public long freeBytes() {
            return inner.freeBytes();
        }

        @Override
        public void sharePages(List<GuestMachine> machines) {
            inner.sharePages(machines);
        }

        @Override
        public long savedBytes() {
            return inner.savedBytes();
        }

        @Override
        public void close() {
            inner.close();
        }
    }

    /** The machine, which writes down where it begins before it runs, and after it how far it came. */
    private static GuestMachine proxied(GuestMachine machine, Testimony testimony) {
        return (GuestMachine) Proxy.newProxyInstance(
                WitnessedNode.class.getClassLoader(),
                new Class<?>[] {GuestMachine.class},
                (proxy, method, arguments) -> {
                    if (!method.getName().equals("runUntil")) {
                        return call(machine, method, arguments);
                    }
                    long before = machine.cycles();
                    testimony.ran(before, before);
                    Object end = call(machine, method, arguments);
                    testimony.ran(before, machine.cycles());
                    return end;
                });
    }

    private static Object call(GuestMachine machine, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(machine, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }
}
