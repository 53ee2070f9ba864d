// The client that openapi-typescript makes, through openapi-fetch: its types are checked, and it is run.
import createClient from 'openapi-fetch';
import type { components, paths } from './schema.js';

declare const process: { env: Record<string, string | undefined> };

const baseUrl = process.env.JUMUN_URL;
const as = (token: string) => createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
const [web, boss] = [as('checkout'), as('operator')];
const customer = 'u-ts@shop/1';

function check(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(`not so: ${what}`);
}
const header = (key: string) => ({ 'Idempotency-Key': key, 'X-Customer-Id': customer });

// place: by the command's own path, and as any command
const body: components['schemas']['PlaceOrderBody'] = { order_id: 'o-ts-1', customer_id: customer, lines: [{ sku_id: 'AC-100', quantity: 1 }] };
const placed = await web.POST('/v1/commands/place_order', { params: { header: header('place-ts-1') }, body });
check(placed.data?.outcome === 'accepted', `placed ${JSON.stringify(placed.error)}`);
const any: components['schemas']['Command'] = { type: 'place_order', order_id: 'o-ts-2', customer_id: customer, lines: [{ sku_id: 'AC-100', quantity: 1 }] };
const second = await web.POST('/v1/commands', { params: { header: header('place-ts-2') }, body: any });
check(second.data && 'order_status' in second.data && second.data.order_status === 'PAYMENT_PENDING', `placed ${JSON.stringify(second.error)}`);

// read
const params = { path: { id: 'o-ts-1' }, header: { 'X-Customer-Id': customer } };
const order = await web.GET('/v1/orders/{id}', { params });
check(order.data?.status === 'PAYMENT_PENDING' && order.data.lines[0]?.sku_id === 'AC-100', 'the order is read');
const lines = await web.GET('/v1/orders/{id}/lines', { params });
check(lines.data?.length === 1 && lines.data[0]?.ordered === 1, 'its lines are read');

// list
const list = await boss.GET('/v1/orders', { params: { query: { customer_id: customer, status: 'PAYMENT_PENDING', limit: 10 } } });
check(list.data?.items.length === 2, 'both are listed');

// errors: a refusal, a version that was, a problem
const unknown = await web.POST('/v1/commands/place_order', { params: { header: header('place-ts-3') }, body: { ...body, order_id: 'o-ts-3', lines: [{ sku_id: 'NO', quantity: 1 }] } });
check(unknown.response.status === 409 && unknown.error && 'outcome' in unknown.error && unknown.error.reason === 'unknown_sku', 'refused');
const old = await web.POST('/v1/orders/{id}/cancel_payment', { params: { path: { id: 'o-ts-1' }, header: { ...header('cancel-ts-1'), 'If-Match': '"9"' } }, body: {} });
check(old.response.status === 412, 'another version is refused');
const nothing = await web.GET('/v1/orders/{id}', { params: { ...params, path: { id: 'o-ts-9' } } });
check(nothing.response.status === 404 && nothing.error && 'reason' in nothing.error && nothing.error.reason === 'not_found', 'not found');
console.log('openapi-typescript: placed, read, listed, refused');
