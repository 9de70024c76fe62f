// A small shop as many Express APIs are: correct, slow, and silent about caching.
import express from 'express'

const products = Array.from({ length: 40 }, (_, n) => ({ id: n + 1, name: `Product ${n + 1}`, stock: 10 }))
const pause = () => new Promise(resolve => setTimeout(resolve, Number(process.env.PAUSE_MS ?? 150)))
const app = express()
app.use(express.json())

app.get('/api/products', async (request, response) => {
  await pause()
  const page = Math.max(1, Number(request.query.page ?? 1))
  response.json({ page, products: products.slice((page - 1) * 10, page * 10) })
})

app.get('/api/products/:id', async (request, response) => {
  await pause()
  const product = products[Number(request.params.id) - 1]
  if (product === undefined) return response.status(404).json({ error: 'no such product' })
  response.json(product)
})

app.patch('/api/products/:id', async (request, response) => {
  const product = products[Number(request.params.id) - 1]
  if (product === undefined) return response.status(404).json({ error: 'no such product' })
  product.stock = Number(request.body.stock)
  response.json(product)
})

app.get('/api/me/basket', async (request, response) => {
  const caller = request.get('Authorization')
  if (caller === undefined) return response.status(401).json({ error: 'sign in first' })
  await pause()
  response.json({ of: caller.replace('Bearer ', ''), items: [] })
})

const listener = app.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? '127.0.0.1', () => {
  console.log(JSON.stringify({ msg: 'listening', port: listener.address().port }))
})
process.on('SIGTERM', () => listener.close(() => process.exit(0)))
