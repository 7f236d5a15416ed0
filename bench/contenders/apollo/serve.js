// Apollo Server in production mode: document cache, a DataLoader for each call, no landing page, and
// where nothing is cached no cache hints either, which it would work out for every field.
import { readFileSync } from 'node:fs'
import { ApolloServer } from '@apollo/server'
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled'
import { startStandaloneServer } from '@apollo/server/standalone'
import responseCache from '@apollo/server-plugin-response-cache'
import { InMemoryLRUCache } from '@apollo/utils.keyvaluecache'
import DataLoader from 'dataloader'
import * as shop from './shop.js'

const plain = readFileSync(new URL('./slice.graphql', import.meta.url), 'utf8')
// With its cache on, every answer may be kept for as long as the gateway calls a price fresh.
const hinted = `
enum CacheControlScope { PUBLIC PRIVATE }
directive @cacheControl(maxAge: Int, scope: CacheControlScope, inheritMaxAge: Boolean)
  on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
` + plain.replace(/^type (?!Query)(\w+) \{/gm, 'type $1 @cacheControl(maxAge: 60) {')

const server = new ApolloServer({
  typeDefs: shop.isKept ? hinted : plain,
  resolvers: {
    Query: {
      viewer: () => ({ role: 'ANONYMOUS' }),
      product: (_, { id }) => shop.productById(id),
      products: (_, asked) => shop.productPage(asked),
      customer: (_, { id }) => shop.customerById(id)
    },
    Variant: {
      offer: (variant, _, { offers }) => offers.load(variant.sku),
      availability: (variant, _, { stocks }) => stocks.load(variant.sku)
    },
    Availability: { locations: (parent, { first }) => parent.places.slice(0, first) },
    Customer: {
      loyalty: (customer, _, { accounts }) => accounts.load(customer.number),
      orders: (customer, _, { orders }) => orders.load(customer.erpNumber)
    },
    OrderLine: { variant: (line, _, { variants }) => variants.load(line.sku) }
  },
  cache: new InMemoryLRUCache({ maxSize: 256 * 1024 * 1024 }),
  plugins: [shop.isKept ? responseCache() : ApolloServerPluginCacheControlDisabled()],
  csrfPrevention: true,
  includeStacktraceInErrorResponses: false,
  introspection: false
})

const { url } = await startStandaloneServer(server, {
  listen: { port: 0, host: '127.0.0.1' },
  context: async () => ({
    offers: new DataLoader(shop.offersBySku),
    stocks: new DataLoader(shop.stockBySku),
    accounts: new DataLoader(shop.loyaltyByCustomer),
    orders: new DataLoader(shop.ordersByNumber),
    variants: new DataLoader(shop.variantsBySku)
  })
})
console.log(`ready ${url.replace(/\/$/, '')}/`)
