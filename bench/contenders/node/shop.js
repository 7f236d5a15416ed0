// The systems' calls for contenders written for Node.js, and what their rows mean.
import { Pool } from 'undici'

const BASE = '/sap/zretail'
const MAX_PRICES = 1000
const MARK = Buffer.alloc(6) // stands where the gateway marks the list that a cursor is of
const ERP = { apikey: 'bench', 'content-type': 'application/json' }
const WMS = { authorization: 'Bearer bench', 'content-type': 'application/json' }
const CRM = { 'x-api-key': 'bench', 'content-type': 'application/json' }
const STATES = { A: 'OPEN', B: 'PARTLY_FULFILLED', C: 'FULFILLED' }
const CHANNELS = { 10: 'POS', 20: 'WEB', 30: 'APP' }
const TIERS = { BRZ: 'BRONZE', SLV: 'SILVER', GLD: 'GOLD', PLT: 'PLATINUM' }
const LANGUAGES = ['EN', 'PL']
const DAY = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Warsaw' })

export const isKept = process.env.BENCH_CACHE === '1'

// Connections are kept from one round to the next, as those of the others are.
const pool = new Pool(process.env.BENCH_UPSTREAM, { connections: 64, keepAliveTimeout: 60_000 })

async function call (method, path, headers, body) {
  const answer = await pool.request({
    method,
    path,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body)
  })
  const found = await answer.body.json()
  if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}`)
  return found
}

const today = () => DAY.format(new Date()).replaceAll('-', '')
const long = (number) => number.padStart(18, '0')
export const short = (number) => number.replace(/^0+/, '')

export const page = async (search, first, after) => {
  const words = search ? `&search=${encodeURIComponent(search)}` : ''
  const path = `${BASE}/ARTICLES?$top=${first}&$skip=${place(after)}&SPRAS=EN,PL${words}`
  return (await call('GET', path, ERP)).d
}

export const styles = async (numbers) =>
  (await call('POST', `${BASE}/ARTICLE_BY_SATNR`, ERP, { SATNR: numbers.map(long), SPRAS: LANGUAGES })).d

export const stylesOf = async (skus) =>
  (await call('POST', `${BASE}/ARTICLE_BY_MATNR`, ERP, { MATNR: skus.map(long), SPRAS: LANGUAGES })).d

export const prices = async (skus) => {
  const parts = []
  for (let start = 0; start < skus.length; start += MAX_PRICES) {
    const MATNR = skus.slice(start, start + MAX_PRICES).map(long)
    parts.push(call('POST', `${BASE}/PRICES`, ERP, { MATNR, VKORG: 'PL01', KONWA: 'PLN', PRSDT: today() }))
  }
  return (await Promise.all(parts)).flatMap((answer) => answer.d.results)
}

export const stock = async (articles) => (await call('POST', '/v2/stock/query', WMS, { articles })).articles
export const contacts = async (ids) => (await call('POST', '/api/v1/contacts/batch', CRM, { ids })).data
export const accounts = async (contactIds) =>
  (await call('POST', '/api/v1/loyalty/accounts/batch', CRM, { contactIds })).data
export const orders = async (KUNNR, TOP) =>
  (await call('POST', `${BASE}/ORDERS_BY_KUNNR`, ERP, { KUNNR, TOP, SKIP: {} })).d.results

// Answers of a batch in the order of its keys, as loaders want them.
const inOrder = (keys, rows, keyOf, valueOf) => {
  const found = new Map()
  for (const row of rows) found.set(keyOf(row), valueOf(row))
  return keys.map((key) => found.get(key) ?? null)
}
export const offersBySku = async (skus) =>
  inOrder(skus, await prices(skus), (row) => short(row.MATNR), offer)
export const stockBySku = async (skus) =>
  inOrder(skus, await stock(skus), (row) => row.article, (row) => availability(row.stock))
export const loyaltyByCustomer = async (ids) =>
  inOrder(ids, await accounts(ids), (row) => row.contactId, loyalty)
export const ordersByNumber = async (numbers) =>
  inOrder(numbers, await orders(numbers, 10), (row) => row.KUNNR, orderPage)
export const variantsBySku = async (skus) => {
  const answer = await stylesOf(skus)
  const names = named(answer.CABNT)
  const variants = answer.results.flatMap((row) => product(row, names).variants)
  return inOrder(skus, variants, (variant) => variant.sku, (variant) => variant)
}

export const productById = async (id) => {
  const answer = await styles([keyOf(id)])
  return answer.results.length ? product(answer.results[0], named(answer.CABNT)) : null
}
export const productPage = async ({ search, first, after }) => {
  const answer = await page(search, first, after)
  const names = named(answer.CABNT)
  const end = place(after) + answer.results.length
  return {
    nodes: answer.results.map((row) => product(row, names)),
    pageInfo: { hasNextPage: end < Number(answer.__count), endCursor: cursor(end) }
  }
}
export const customerById = async (id) => {
  const [row] = await contacts([keyOf(id)])
  return row ? customer(row) : null
}

const cursor = (end) => Buffer.concat([MARK, Buffer.from(String(end))]).toString('base64url')
const place = (after) => (after ? Number(Buffer.from(after, 'base64url').subarray(MARK.length).toString()) : 0)
export const idOf = (kind, key) => Buffer.from(`${kind}:${key}`).toString('base64url')
export const keyOf = (id) => Buffer.from(id, 'base64url').toString().split(':')[2]

const english = (rows, name) => (rows.find((row) => row.SPRAS === 'EN') ?? rows[0])[name]
const named = (rows) => {
  const names = {}
  for (const row of rows) if (row.SPRAS === 'EN') names[row.ATNAM] = row.ATBEZ
  return names
}
const minor = (amount, pieces = '1') => Math.round((Number(amount) * 100) / Number(pieces))
const money = (amount, currency = 'PLN') => ({ minor: amount, currency })
const coded = (row) => (row.TEXTS?.length ? english(row.TEXTS, 'ATWTB') : row.ATWRT)

export function product (row, names) {
  const code = short(row.SATNR)
  const name = english(row.MAKT, 'MAKTX')
  const media = row.MEDIA.map((each) => ({ url: each.PATH, alt: name }))
  return {
    id: idOf('Product', `erp:${code}`),
    code,
    name,
    description: english(row.LTXT, 'TDLINE'),
    brand: row.BRAND_ID,
    category: { code: row.MATKL, name: english(row.T023T, 'WGBEZ') },
    attributes: row.AUSP.map((each) => ({
      name: names[each.ATNAM],
      value: each.ATFLV ?? coded(each),
      unit: each.MSEHI?.toLowerCase() ?? null
    })),
    media,
    variants: row.VARIANTS.map((each) => {
      const sku = short(each.MATNR)
      const options = each.AUSP.map((one) => ({ name: names[one.ATNAM], value: coded(one) }))
      return {
        id: idOf('Variant', sku),
        sku,
        name: [name, ...options.map((option) => option.value)].join(', '),
        gtins: [each.EAN11],
        options,
        media
      }
    })
  }
}

export function offer (row) {
  let listed = 0
  let paid = 0
  for (const each of row.KONP) {
    if (each.KSCHL === 'PR00') listed = minor(each.KBETR, each.KPEIN)
    else paid = minor(each.KBETR, each.KPEIN)
  }
  paid ||= listed
  listed ||= paid
  const rate = Math.round(Number(row.MWST.KBETR) * 100)
  return { price: price(paid, rate), listPrice: price(listed, rate), isReduced: paid < listed }
}

function price (gross, rate) {
  const tax = Math.floor((2 * gross * rate + 10000 + rate) / (2 * (10000 + rate)))
  return { gross: money(gross), net: money(gross - tax), tax: money(tax) }
}

const left = (row) => Math.max(0, row.qoh - row.alloc - row.ss)
const band = (pieces) => (pieces <= 0 ? 'NONE' : pieces <= 3 ? 'FEW' : pieces < 20 ? 'SOME' : 'LOTS')

export function availability (rows) {
  let sum = 0
  const places = rows.map((row) => {
    const available = left(row)
    sum += available
    return {
      site: row.site,
      band: band(available),
      stock: { onHand: row.qoh, allocated: row.alloc, safetyStock: row.ss, available }
    }
  })
  places.sort((one, other) =>
    other.stock.available - one.stock.available || (one.site < other.site ? -1 : 1))
  const together = band(sum)
  return { band: together, isAvailable: together !== 'NONE', places }
}

export const loyalty = (row) => ({
  number: row.id,
  points: row.balance.points,
  tier: TIERS[row.tier?.code] ?? null
})

export function customer (row) {
  const erp = row.externalRefs.find((each) => each.system === 'ERP')
  return {
    id: idOf('Customer', `crm:${row.id}`),
    number: row.id,
    email: row.emails.find((each) => each.primary)?.address ?? null,
    phone: row.phones.find((each) => each.primary)?.number ?? null,
    name: { full: `${row.name.given} ${row.name.family}` },
    addresses: row.addresses.map((each) => ({
      lines: [each.line1, each.line2].filter(Boolean),
      postalCode: each.postalCode,
      city: each.city,
      country: each.countryCode
    })),
    erpNumber: erp?.id ?? null
  }
}

export function orderPage (row) {
  return {
    nodes: row.VBAK.map(order),
    pageInfo: { hasNextPage: row.VBAK.length < row.ANZAHL, endCursor: cursor(row.VBAK.length) }
  }
}

function order (row) {
  const currency = row.WAERK
  const isCancelled = row.VBAP.every((item) => item.ABGRU)
  const day = row.ERDAT
  const time = row.ERZET
  return {
    id: idOf('Order', `erp:${row.VBELN}`),
    number: row.VBELN,
    state: isCancelled ? 'CANCELLED' : STATES[row.GBSTK],
    placedAt: `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T` +
      `${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}.000Z`,
    channel: CHANNELS[row.VTWEG] ?? null,
    total: money(minor(row.NETWR) + minor(row.MWSBK), currency),
    lines: row.VBAP.map((item) => ({
      position: short(item.POSNR),
      name: item.ARKTX,
      quantity: item.KWMENG.replace(/\.?0+$/, ''),
      total: money(minor(item.NETWR) + minor(item.MWSBP), currency),
      sku: short(item.MATNR)
    }))
  }
}
