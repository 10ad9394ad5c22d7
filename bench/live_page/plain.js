// The loop that live pages are made of: every half second a frame is asked about, unless the last one is
// still on its way, and whatever comes back is shown.
import { io } from "/static/vendor/socket.io-client-4.8.4.esm.min.js"

const INTERVAL_MS = 500
const QUESTION = "What do you see?"

const video = document.querySelector("video")
const output = document.querySelector("output")
const canvas = document.createElement("canvas")
const socket = io({ transports: ["websocket"] })
let isOnItsWay = false

document.querySelector("button").addEventListener("click", async () => {
  const wanted = { width: { ideal: 1280 }, height: { ideal: 720 } }
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: wanted })
  setInterval(look, INTERVAL_MS)
})

function look() {
  if (isOnItsWay || !socket.connected || video.videoWidth === 0) return
  isOnItsWay = true
  Object.assign(canvas, { width: video.videoWidth, height: video.videoHeight })
  canvas.getContext("2d").drawImage(video, 0, 0)
  socket.emit("query", { image: canvas.toDataURL("image/jpeg", 0.85), question: QUESTION })
}

socket.on("response", ({ answer }) => {
  isOnItsWay = false
  output.textContent = answer
})
