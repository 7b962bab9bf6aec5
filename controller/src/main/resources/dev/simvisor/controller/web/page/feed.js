// The live feed: JSON messages over a WebSocket, which is opened again when it breaks.
const RETRY_MILLIS = 1500;

export function follow(onMessage, onState) {
  const socket = new WebSocket(socketUrl("live"));
  socket.onopen = () => onState(true);
  socket.onmessage = event => onMessage(JSON.parse(event.data));
  socket.onclose = () => {
    onState(false);
    setTimeout(() => follow(onMessage, onState), RETRY_MILLIS);
  };
}

export function socketUrl(path) {
  return `ws://${location.host}/${path}`;
}
