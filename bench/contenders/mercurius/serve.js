// Mercurius with JIT and its own loaders.
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import mercurius from 'mercurius'
import cache from 'mercurius-cache'
import * as shop from './shop.js'

const app = Fastify({ logger: false })
// Within an operation each key is asked once; the loaders' own cache would only hash the parents.
const opts = { cache: false }
const column = (load, keyOf) => ({
  loader: async (queries) => {
    const keys = queries.map(({ obj }) => keyOf(obj))
    const distinct = [...new Set(keys)]
    const values = await load(distinct)
    if (distinct.length === keys.length) return values
    const found = new Map(distinct.map((key, place) => [key, values[place]]))
    return keys.map((key) => found.get(key))
  },
  opts
})

app.register(mercurius, {
  schema: readFileSync(new URL('./slice.graphql', import.meta.url), 'utf8'),
  resolvers: {
    Query: {
      viewer: () => ({ role: 'ANONYMOUS' }),
      product: (_, { id }) => shop.productById(id),
      products: (_, asked) => shop.productPage(asked),
      customer: (_, { id }) => shop.customerById(id)
    },
    Availability: { locations: (parent, { first }) => parent.places.slice(0, first) }
  },
  loaders: {
    Variant: {
      offer: column(shop.offersBySku, (variant) => variant.sku),
      availability: column(shop.stockBySku, (variant) => variant.sku)
    },
    Customer: {
      loyalty: column(shop.loyaltyByCustomer, (customer) => customer.number),
      orders: column(shop.ordersByNumber, (customer) => customer.erpNumber)
    },
    OrderLine: { variant: column(shop.variantsBySku, (line) => line.sku) }
  },
  jit: 1,
  graphiql: false
})

if (shop.isKept) {
  app.register(cache, {
    ttl: 60,
    storage: { type: 'memory', options: { size: 10_000 } },
    policy: {
      Query: { products: true, product: true },
      Variant: {
        offer: { key: ({ self }) => self.sku },
        availability: { key: ({ self }) => self.sku }
      }
    }
  })
}

const address = await app.listen({ port: 0, host: '127.0.0.1' })
console.log(`ready ${address}/graphql`)
