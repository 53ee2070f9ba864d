// Places orders over Redis Streams and awaits their answers: a model of a checkout. The guide: docs/guide/producers.md.
//
//     npm ci && npm run build && node dist/checkout.js SKU[,SKU…] ORDERS AT_ONCE
//
// Environment: REDIS_URL, JUMUN_NAMESPACE (jumun), JUMUN_REPLY_TO (made anew), JUMUN_ANSWER_TIMEOUT (seconds, 2).

import { createClient } from "@redis/client";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const TRIES_MAX = 8;
const BLOCK_MS = 1_000;

interface Answer {
  command_id: string;
  outcome: "accepted" | "rejected" | "failed";
  order_id?: string;
  order_status?: string;
  reason?: string;
}

/** CRC16/XMODEM, as in Redis Cluster. */
function crc16(text: string): number {
  const shifted = (crc: number) => (crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1);
  return Buffer.from(text).reduce((crc, byte) => Array(8).fill(0).reduce(shifted, crc ^ (byte << 8)), 0);
}

/** A connection that is made again for as long as it takes, and says at once when it is not there. */
function connection(url: string) {
  const socket = { connectTimeout: 2_000, reconnectStrategy: (tries: number) => Math.min(50 * 2 ** tries, 1_000) };
  // Commands must not queue up while Redis is away: sending again is decided where the answer is awaited.
  return createClient({ url, socket, disableOfflineQueue: true }).on("error", (error) => console.error(`${error}`));
}

/** One for each process: it owns a reply stream, and the one loop that reads it. */
class Checkout {
  retries = 0;
  private readonly redis; // A blocked read keeps its connection to itself, so it has one of its own:
  private readonly reader;
  private readonly waiting = new Map<string, (answer: Answer) => void>();
  private readonly last = new Map<string, string>();
  private partitions = 1;
  private closed = false;
  private reading = Promise.resolve();

  constructor(url: string, private namespace: string, private replyTo: string, private patienceMs: number) {
    this.redis = connection(url);
    this.reader = connection(url);
  }

  async open(): Promise<void> {
    await Promise.all([this.redis.connect(), this.reader.connect()]);
    this.partitions = Number(await this.redis.hGet(`${this.namespace}:meta`, "partitions"));
    // From where to read is settled before anything is sent, else the first answers could be missed.
    for (let partition = 0; partition < this.partitions; partition++) {
      const key = `${this.namespace}:{${partition}}:answers:${this.replyTo}`;
      const newest = await this.redis.xRevRange(key, "+", "-", { COUNT: 1 });
      this.last.set(key, newest[0]?.id ?? "0-0");
    }
    this.reading = this.read();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.reading;
    this.redis.destroy();
    this.reader.destroy();
  }

  /** Hands each answer to whoever waits for it. */
  private async read(): Promise<void> {
    while (!this.closed) {
      try {
        const streams = [...this.last].map(([key, id]) => ({ key, id }));
        for (const stream of (await this.reader.xRead(streams, { BLOCK: BLOCK_MS, COUNT: 100 })) ?? []) {
          for (const { id, message } of stream.messages) {
            for (const answer of JSON.parse(message["answers"] ?? "[]") as Answer[]) {
              // Nobody waits: the second answer of a command that was sent twice, equal to the first.
              this.waiting.get(answer.command_id)?.(answer);
            }
            this.last.set(stream.name, id);
          }
        }
      } catch (error) {
        // The library connects anew, and reading goes on after the last entry that was read: nothing is lost.
        console.error(`reading: ${error}`);
        await sleep(200);
      }
    }
  }

  /** Sends until it is answered; undefined when that took too long. */
  async send(partition: number, command: { id: string }): Promise<Answer | undefined> {
    // Once: a retry is the same bytes. Built anew it might differ, and be refused as command_id_reused.
    const body = JSON.stringify({ ...command, reply_to: this.replyTo });
    const answered = new Promise<Answer>((resolve) => this.waiting.set(command.id, resolve));
    try {
      for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
        if (attempt > 0) this.retries++;
        // It is the answer that counts. When this fails, the command was received or not, nobody knows, and the id
        // makes it safe to send it again.
        this.redis
          .xAdd(`${this.namespace}:{${partition}}:checkout`, "*", { command: body })
          .catch((error) => console.error(`sending ${command.id}: ${error}`));
        // Longer each time: retries are commands too, and a server that is behind needs no more of them.
        const timer = new AbortController();
        const patience = sleep(this.patienceMs * Math.min(2 ** attempt, 8), undefined, { signal: timer.signal });
        const answer = await Promise.race([answered, patience.catch(() => undefined)]);
        timer.abort();
        if (answer) return answer;
      }
      return undefined;
    } finally {
      this.waiting.delete(command.id);
    }
  }

  /** One unit for a customer, unpaid: it is held until the payment's deadline. */
  place(sku: string, customer: string): Promise<Answer | undefined> {
    const lines = [{ sku_id: sku, quantity: 1 }];
    const order = { order_id: `o-${randomUUID()}`, actor: `buyer:${customer}`, customer_id: customer, lines };
    const command = { id: `c-${randomUUID()}`, type: "place_order", ...order };
    return this.send(crc16(sku) % this.partitions, command);
  }
}

const [skus = "", orders, atOnce] = process.argv.slice(2);
const sku = (n: number) => skus.split(",")[n % skus.split(",").length] ?? "";
const set = (name: string, usual: string) => process.env[name] ?? usual;
const [url, replyTo] = [set("REDIS_URL", "redis://127.0.0.1:6379"), set("JUMUN_REPLY_TO", `checkout-${randomUUID()}`)];
const patienceMs = Number(set("JUMUN_ANSWER_TIMEOUT", "2")) * 1_000;
const checkout = new Checkout(url, set("JUMUN_NAMESPACE", "jumun"), replyTo, patienceMs);
await checkout.open();
const count = { accepted: 0, rejected: 0, failed: 0, unanswered: 0 };
const refused: Record<string, number> = {};
let next = 0;
async function customers(): Promise<void> {
  for (let n = next++; n < Number(orders); n = next++) {
    const answer = await checkout.place(sku(n), `u-${n}`);
    const { outcome = "unanswered", order_id = "", order_status = "", reason = "" } = answer ?? {};
    count[outcome]++;
    if (outcome === "rejected") refused[reason] = (refused[reason] ?? 0) + 1;
    console.log(outcome, order_id, order_status, reason);
  }
}
await Promise.all(Array.from({ length: Number(atOnce) }, customers));
await checkout.close();
const { accepted: placed, failed, unanswered } = count;
console.log(JSON.stringify({ placed, refused, failed, unanswered, retries: checkout.retries }));
