// The page: what the feed tells goes into the model, and the model is drawn once a frame at most.
import { Model } from "./model.js";
import { follow } from "./feed.js";
import { HostCards } from "./hosts.js";
import { VmPanel } from "./panel.js";
import { drawPower, drawUtilization } from "./charts.js";
import { EventLog, MigrationList } from "./lists.js";
import { drawTotals } from "./totals.js";

const model = new Model();
const panel = new VmPanel(model);
const cards = new HostCards(model, vm => panel.open(vm));
const migrations = new MigrationList(model);
const events = new EventLog(model);
let drawing = false;

function draw() {
  drawing = false;
  drawTotals(model);
  cards.draw();
  migrations.draw();
  events.draw();
  panel.draw();
  drawUtilization(model);
  drawPower(model);
}

function drawSoon() {
  if (!drawing) {
    drawing = true;
    requestAnimationFrame(draw);
  }
}

const connection = document.getElementById("connection");
follow(
  message => { model.apply(message); drawSoon(); },
  live => {
    connection.textContent = live ? "live" : "not connected: the cluster has ended, or is restarting";
    connection.classList.toggle("live", live);
  });

// Migrations that have ended are shown for a while, and arrows follow the window's size.
setInterval(() => { if (model.forgetEnded()) drawSoon(); }, 1000);
addEventListener("resize", drawSoon);
