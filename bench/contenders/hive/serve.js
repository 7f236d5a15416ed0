// Hive Gateway over one federated subgraph for each system. The subgraphs live in its own process,
// so that what they do is counted as it is for the others; the gateway plans, batches entities and
// merges as it would over the network.
import { createServer } from 'node:http'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime'
import InMemoryLRUCache from '@graphql-mesh/cache-inmemory-lru'
import { executorFromSchema } from '@graphql-tools/executor'
import { composeServices } from '@theguild/federation-composition'
import DataLoader from 'dataloader'
import { parse } from 'graphql'
import * as shop from './shop.js'

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", ' +
  'import: ["@key", "@shareable", "@external", "@requires"])\n'

const ERP = LINK + `
type Query {
  viewer: Viewer!
  product(id: ID!): Product
  products(search: String, first: Int! = 20, after: String): ProductConnection
}
type Viewer { role: String! }
type ProductConnection { nodes: [Product]! pageInfo: PageInfo! }
type PageInfo { hasNextPage: Boolean! endCursor: String }
type Product {
  id: ID! code: String! name: String! description: String brand: String category: Category
  attributes: [AttributeValue!]! media: [Media!]! variants: [Variant!]!
}
type Category { code: String! name: String! }
type AttributeValue { name: String! value: String! unit: String }
type Media { url: String! alt: String }
type Option { name: String! value: String! }
type Variant @key(fields: "sku") {
  id: ID! sku: String! name: String gtins: [String!]! options: [Option!]! media: [Media!]!
  offer: Offer
}
type Offer { price: Price! listPrice: Price! isReduced: Boolean! }
type Price { gross: Money! net: Money! tax: Money! }
type Money { minor: Int! currency: String! }
type Customer @key(fields: "number") {
  number: String!
  erpNumber: String @external
  orders(first: Int! = 10): OrderConnection @requires(fields: "erpNumber")
}
type OrderConnection { nodes: [Order]! pageInfo: PageInfo! }
type Order {
  id: ID! number: String state: String placedAt: String channel: String total: Money
  lines: [OrderLine!]
}
type OrderLine { position: String! name: String quantity: String! total: Money! variant: Variant }
`
const WMS = LINK + `
type Variant @key(fields: "sku") { sku: String! availability: Availability }
type Availability {
  band: String! isAvailable: Boolean! locations(first: Int! = 10): [LocationAvailability!]!
}
type LocationAvailability { band: String! stock: StockLevel }
type StockLevel { onHand: Int! allocated: Int! safetyStock: Int! available: Int! }
`
const CRM = LINK + `
type Query { customer(id: ID!): Customer }
type Customer @key(fields: "number") {
  id: ID! number: String! email: String phone: String name: PersonName addresses: [Address!]
  loyalty: LoyaltyAccount erpNumber: String
}
type PersonName { full: String! }
type Address { lines: [String!]! postalCode: String city: String country: String }
type LoyaltyAccount { number: String points: Int tier: String }
`

const resolvers = {
  erp: {
    Query: {
      viewer: () => ({ role: 'ANONYMOUS' }),
      product: (_, { id }) => shop.productById(id),
      products: (_, asked) => shop.productPage(asked)
    },
    Variant: {
      __resolveReference: ({ sku }, { variants }) => variants.load(sku),
      offer: (variant, _, { offers }) => offers.load(variant.sku)
    },
    Customer: {
      __resolveReference: (customer) => customer,
      orders: (customer, _, { orders }) => orders.load(customer.erpNumber)
    },
    OrderLine: { variant: (line, _, { variants }) => variants.load(line.sku) }
  },
  wms: {
    Variant: {
      __resolveReference: (variant) => variant,
      availability: (variant, _, { stocks }) => stocks.load(variant.sku)
    },
    Availability: { locations: (parent, { first }) => parent.places.slice(0, first) }
  },
  crm: {
    Query: { customer: (_, { id }) => shop.customerById(id) },
    Customer: {
      __resolveReference: ({ number }) => shop.customerById(shop.idOf('Customer', `crm:${number}`)),
      loyalty: (customer, _, { accounts }) => accounts.load(customer.number)
    }
  }
}
const sources = { erp: parse(ERP), wms: parse(WMS), crm: parse(CRM) }
const executors = Object.fromEntries(Object.entries(sources).map(([name, typeDefs]) =>
  [name, executorFromSchema(buildSubgraphSchema({ typeDefs, resolvers: resolvers[name] }))]))

// The loaders belong to one request of a client, in whichever subgraph they are used.
const known = new WeakMap()
function loadersOf (request) {
  const key = request.context ?? request
  let loaders = known.get(key)
  if (!loaders) {
    loaders = {
      offers: new DataLoader(shop.offersBySku),
      stocks: new DataLoader(shop.stockBySku),
      accounts: new DataLoader(shop.loyaltyByCustomer),
      orders: new DataLoader(shop.ordersByNumber),
      variants: new DataLoader(shop.variantsBySku)
    }
    known.set(key, loaders)
  }
  return loaders
}

const composed = composeServices(Object.entries(sources).map(([name, typeDefs]) =>
  ({ name, typeDefs, url: `http://${name}.invalid/graphql` })))
if (composed.errors?.length) throw new Error(composed.errors.map((error) => error.message).join('; '))

const gateway = createGatewayRuntime({
  supergraph: composed.supergraphSdl,
  transports: () => ({
    getSubgraphExecutor: ({ subgraphName }) => (request) =>
      executors[subgraphName.toLowerCase()]({ ...request, context: loadersOf(request) })
  }),
  logging: false,
  graphiql: false,
  landingPage: false,
  cors: false,
  maskedErrors: false,
  ...(shop.isKept
    ? {
        cache: new InMemoryLRUCache(),
        responseCaching: { session: () => null, ttl: 60_000, includeExtensionMetadata: false }
      }
    : {})
})

const server = createServer(gateway)
server.listen(0, '127.0.0.1', () => {
  console.log(`ready http://127.0.0.1:${server.address().port}/graphql`)
})
