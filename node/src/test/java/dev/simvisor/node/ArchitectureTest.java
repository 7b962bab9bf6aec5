package dev.simvisor.node;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.syntax.elements.GivenClassesConjunction;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which package of a node may use which, and what would make two runs of one seed differ. */
class ArchitectureTest {
    private static JavaClasses classes;

    @BeforeAll
    static void readClasses() {
        classes = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("dev.simvisor.node");
    }

    @ParameterizedTest
    @CsvSource({"cpu, machine", "cpu, vmm", "cpu, host", "machine, vmm", "machine, host", "vmm, host"})
    void anInnerPackageDoesNotUseAnOuterOne(String inner, String outer) {
        noClasses()
                .that()
                .resideInAPackage("dev.simvisor.node." + inner + "..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.simvisor.node." + outer + "..")
                .allowEmptyShould(true)
                .check(classes);
    }

    @Test
    void onlyTheHostKnowsActorsAndTransport() {
        belowTheHost()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.pekko..", "io.grpc..", "com.typesafe.config..")
                .allowEmptyShould(true)
                .check(classes);
    }

    @Test
    void nothingBelowTheHostReadsTheWallClock() {
        belowTheHost()
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(Clock.class)
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethodWhere(aCallOf("now", "java.time"))
                .allowEmptyShould(true)
                .check(classes);
    }

    @Test
    void nothingBelowTheHostIsRandomWithoutASeed() {
        belowTheHost()
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(ThreadLocalRandom.class, SecureRandom.class)
                .orShould()
                .callConstructor(Random.class)
                .orShould()
                .callConstructor(SplittableRandom.class)
                .orShould()
                .callMethod(Math.class, "random")
                .orShould()
                .callMethod(UUID.class, "randomUUID")
                .orShould()
                .callMethod(RandomGenerator.class, "getDefault")
                .orShould()
                .callMethod(System.class, "identityHashCode", Object.class)
                .allowEmptyShould(true)
                .check(classes);
    }

    @Test
    void nothingBelowTheHostReadsTheEnvironment() {
        belowTheHost()
                .should()
                .callMethod(System.class, "getenv")
                .orShould()
                .callMethod(System.class, "getenv", String.class)
                .orShould()
                .callMethod(System.class, "getProperty", String.class)
                .orShould()
                .callMethod(System.class, "getProperty", String.class, String.class)
                .allowEmptyShould(true)
                .check(classes);
    }

    private static GivenClassesConjunction belowTheHost() {
        return noClasses().that().resideOutsideOfPackage("dev.simvisor.node.host..");
    }

    private static DescribedPredicate<JavaCall<?>> aCallOf(String method, String packageName) {
        return target(name(method))
                .and(target(owner(JavaClass.Predicates.resideInAPackage(packageName + ".."))))
                .forSubtype();
    }
}
