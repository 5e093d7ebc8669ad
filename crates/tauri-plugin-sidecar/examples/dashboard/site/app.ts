// Change something, and look to the right.
const hue = 205
const planets = 9
const speed = 0.6

const canvas = document.getElementById('stage') as HTMLCanvasElement
const pen = canvas.getContext('2d')!

type Planet = { orbit: number; size: number; phase: number }
const system: Planet[] = Array.from({ length: planets }, (_, i) => ({
  orbit: 0.12 + (i / planets) * 0.36,
  size: 3 + ((i * 7) % 9),
  phase: i * 2.4
}))

function draw(time: number) {
  const { width, height } = canvas.getBoundingClientRect()
  const scale = window.devicePixelRatio
  canvas.width = width * scale
  canvas.height = height * scale
  pen.scale(scale, scale)
  pen.translate(width / 2, height / 2)
  const unit = Math.min(width, height)

  const glow = pen.createRadialGradient(0, 0, 0, 0, 0, unit * 0.12)
  glow.addColorStop(0, `hsl(${hue + 160} 95% 70%)`)
  glow.addColorStop(1, 'transparent')
  pen.fillStyle = glow
  pen.beginPath()
  pen.arc(0, 0, unit * 0.12, 0, 7)
  pen.fill()

  for (const { orbit, size, phase } of system) {
    const angle = phase + (time / 1000) * speed * (0.22 / orbit)
    const [x, y] = [Math.cos(angle) * orbit * unit, Math.sin(angle) * orbit * unit * 0.92]
    pen.strokeStyle = `hsl(${hue} 40% 60% / 0.18)`
    pen.beginPath()
    pen.ellipse(0, 0, orbit * unit, orbit * unit * 0.92, 0, 0, 7)
    pen.stroke()
    pen.fillStyle = `hsl(${hue + size * 9} 80% 68%)`
    pen.beginPath()
    pen.arc(x, y, size, 0, 7)
    pen.fill()
  }
  requestAnimationFrame(draw)
}
requestAnimationFrame(draw)
