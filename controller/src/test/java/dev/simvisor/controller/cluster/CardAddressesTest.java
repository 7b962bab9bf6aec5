package dev.simvisor.controller.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.NetworkCard;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.api.VmState;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CardAddressesTest {
    private final HostEntry host =
            new HostEntry(HostSpec.newBuilder().setName("h").build());
    private final List<VmEntry> vms = new ArrayList<>();
    private final CardAddresses cards = new CardAddresses();

    private VmSpec create(String name, String asked) throws Refusal {
        VmSpec spec = VmSpec.newBuilder()
                .setName(name)
                .setNetwork(NetworkCard.newBuilder().setAddress(asked))
                .build();
        return add(cards.created(spec, vms));
    }

    private VmSpec add(VmSpec spec) {
        VmEntry vm = new VmEntry(spec, host, VirtualizationMode.BARE, 1, 0);
        vm.state = VmState.VM_RUNNING;
        vms.add(vm);
        return spec;
    }

    private static String address(VmSpec spec) {
        return spec.getNetwork().getAddress();
    }

    @Test
    void addressesAreGivenInTurnAndOnesThatAreTakenPassedOver() throws Exception {
        assertThat(address(create("a", ""))).isEqualTo("52:54:00:00:00:01");
        assertThat(address(create("b", "52:54:00:00:00:02"))).isEqualTo("52:54:00:00:00:02");
        assertThat(address(create("c", ""))).isEqualTo("52:54:00:00:00:03");
    }

    @Test
    void vmWithoutACardGetsNone() throws Exception {
        VmSpec plain = VmSpec.newBuilder().setName("a").build();
        assertThat(cards.created(plain, vms)).isEqualTo(plain);
        assertThat(CardAddresses.copied(plain, vms)).isEqualTo(plain);
    }

    @Test
    void addressesThatAreNoneOrAnothersAreRefused() throws Exception {
        create("a", "02:00:00:00:00:0A");
        assertThatThrownBy(() -> create("b", "02:00:00:00:00:0a"))
                .isInstanceOf(Refusal.class)
                .hasMessage("VM b: network card's address 02:00:00:00:00:0a is that of VM a");
        for (String wrong : List.of("01:00:00:00:00:01", "2:0:0:0:0:1", "ff:ff:ff:ff:ff:ff", "x")) {
            assertThatThrownBy(() -> create("b", wrong))
                    .isInstanceOf(Refusal.class)
                    .hasMessageContaining("expected one card's, as 52:54:00:00:00:01");
        }
    }

    @Test
    void copyIsPluggedInOnceItsOriginalIsNoMore() throws Exception {
        VmSpec original = create("a", "");
        VmSpec copy = add(CardAddresses.copied(original, vms));
        assertThat(address(copy)).isEqualTo(address(original));
        assertThat(copy.getNetwork().getLinkDown()).isTrue();
        vms.getFirst().state = VmState.VM_STOPPED;
        assertThat(CardAddresses.copied(copy, vms).getNetwork().getLinkDown()).isFalse();
    }
}
