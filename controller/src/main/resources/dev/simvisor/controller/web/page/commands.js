// What can be asked of the cluster. A refusal is shown as the line that the cluster answers.
const SHOW_MILLIS = 8000;

async function command(path, body = {}) {
  try {
    const answer = await fetch(`/api/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) notice(await answer.text());
  } catch {
    notice("The cluster does not answer.");
  }
}

function notice(text) {
  const line = document.createElement("p");
  line.textContent = text;
  document.getElementById("notices").append(line);
  setTimeout(() => line.remove(), SHOW_MILLIS);
}

export function ofVm(vm, verb) {
  return command(`vms/${encodeURIComponent(vm)}/${verb}`);
}

export function migrate(vm, target) {
  return command(`vms/${encodeURIComponent(vm)}/migrate`, { target });
}

export function ofHost(host, verb) {
  return command(`hosts/${encodeURIComponent(host)}/${verb}`);
}

export function cancelMigration(number) {
  return command(`migrations/${number}/cancel`);
}
