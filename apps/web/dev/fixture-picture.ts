// A picture made here, so that none has to be stored: a harbour at dusk.
export async function drawPicture(): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(960, 640)
  const g = canvas.getContext("2d")
  if (g === null) return new Uint8Array(0)
  const sky = g.createLinearGradient(0, 0, 0, 640)
  sky.addColorStop(0, "#2a4a63")
  sky.addColorStop(0.55, "#d99c6b")
  sky.addColorStop(0.56, "#395566")
  sky.addColorStop(1, "#16242d")
  g.fillStyle = sky
  g.fillRect(0, 0, 960, 640)
  g.fillStyle = "#12202a"
  g.beginPath()
  g.moveTo(0, 352)
  for (const [x, y] of [
    [60, 330],
    [170, 336],
    [240, 300],
    [330, 340],
    [560, 345],
    [600, 310],
    [760, 322],
    [960, 300],
    [960, 360],
    [0, 360],
  ] as const)
    g.lineTo(x, y)
  g.fill()
  g.fillRect(628, 210, 10, 110)
  g.fillRect(560, 214, 190, 8)
  g.fillStyle = "rgb(255 214 160 / 55%)"
  for (let n = 0; n < 60; n += 1) g.fillRect(380 + ((n * 53) % 240), 366 + n * 4, 24 + ((n * 17) % 70), 2)
  return new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.8 })).arrayBuffer())
}
