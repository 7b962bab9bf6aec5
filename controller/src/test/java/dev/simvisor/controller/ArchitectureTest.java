package dev.simvisor.controller;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The controller meets a node through proto's messages; one package wires the embedded, single-JVM cluster. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.simvisor.controller");

    @Test
    void onlyTheEmbeddedClusterKnowsANodesCode() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.simvisor.controller.embedded..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.simvisor.node..")
                .check(CLASSES);
    }

    @Test
    void onlyTheWebPageKnowsTheWebLibrary() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.simvisor.controller.web..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.javalin..", "org.eclipse.jetty..", "jakarta.servlet..", "kotlin..")
                .check(CLASSES);
    }

    /** It uses the cluster as any other client does. */
    @Test
    void theWebPageKnowsNeitherActorsNorCalls() {
        noClasses()
                .that()
                .resideInAPackage("dev.simvisor.controller.web..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.apache.pekko..", "io.grpc..", "dev.simvisor.proto.node..")
                .check(CLASSES);
    }
}
