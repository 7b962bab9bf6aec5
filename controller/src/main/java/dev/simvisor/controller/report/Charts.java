package dev.simvisor.controller.report;

import java.awt.Color;
import java.awt.Font;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;

/** What all charts have in common: how they look, and how they become files. */
public final class Charts {
    private static final int WIDTH = 1200;
    private static final int HEIGHT = 700;
    private static final Font SMALL_TEXT = new Font(Font.SANS_SERIF, Font.PLAIN, 14);

    private Charts() {}

    /** Has charts drawn without a screen; to be called before the first is made. */
    public static void withoutScreen() {
        System.setProperty("java.awt.headless", "true");
    }

    /** A chart for lines over time from 0 on; made without a screen. */
    public static XYChart ofLines(String title, String timeTitle, String figureTitle) {
        withoutScreen();
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle(timeTitle)
                .yAxisTitle(figureTitle)
                .build();
        style(chart.getStyler());
        chart.getStyler().setXAxisMin(0.0);
        return chart;
    }

    /** On white, with the legend in a row below. */
    public static void style(AxesChartStyler styler) {
        styler.setLegendPosition(Styler.LegendPosition.OutsideS);
        styler.setLegendLayout(Styler.LegendLayout.Horizontal);
        styler.setChartBackgroundColor(Color.WHITE);
        styler.setAxisTickLabelsFont(SMALL_TEXT);
        styler.setLegendFont(SMALL_TEXT);
    }

    /** A PNG. */
    public static byte[] png(Chart<?, ?> chart) throws IOException {
        ByteArrayOutputStream image = new ByteArrayOutputStream();
        BitmapEncoder.saveBitmap(chart, image, BitmapFormat.PNG);
        return image.toByteArray();
    }
}
