import com.google.gson.Gson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Places orders over Redis Streams and awaits their answers: a model of a checkout. The guide: docs/guide/producers.md.
 *
 * One for each process: it owns a reply stream, and the one thread that reads it. Main has it place some orders.
 */
final class Checkout {
    static final int TRIES_MAX = 8;
    static final int BLOCK_MS = 1_000;

    static final class Answer {
        String command_id;
        String outcome;
        String order_id;
        String order_status;
        String reason;
    }

    final AtomicInteger retries = new AtomicInteger();
    private final Gson gson = new Gson();
    private final String namespace;
    private final String replyTo;
    private final long patienceMs;
    // One, which senders take in turn: in a shop a pool.
    private final Resp redis;
    private final int partitions;
    private final Map<String, CompletableFuture<Answer>> waiting = new ConcurrentHashMap<>();
    private final Map<String, String> last = new LinkedHashMap<>();

    Checkout(String url, String namespace, String replyTo, double patience) throws IOException {
        this.namespace = namespace;
        this.replyTo = replyTo;
        patienceMs = Math.round(patience * 1_000);
        redis = new Resp(url, (int) patienceMs);
        partitions = Integer.parseInt((String) redis.call("HGET", namespace + ":meta", "partitions"));
        // From where to read is settled before anything is sent, else the first answers could be missed.
        for (int partition = 0; partition < partitions; partition++) {
            String key = namespace + ":{" + partition + "}:answers:" + replyTo;
            List<?> newest = (List<?>) redis.call("XREVRANGE", key, "+", "-", "COUNT", "1");
            last.put(key, newest.isEmpty() ? "0-0" : (String) ((List<?>) newest.get(0)).get(0));
        }
        // A blocked read keeps its connection to itself, so it has one of its own, more patient than the block.
        Resp own = new Resp(url, BLOCK_MS + 2_000);
        Thread reader = new Thread(() -> read(own));
        reader.setDaemon(true);
        reader.start();
    }

    /** Hands each answer to whoever waits for it. */
    private void read(Resp redis) {
        while (true) {
            List<String> words = new ArrayList<>(List.of("XREAD", "COUNT", "100", "BLOCK", "" + BLOCK_MS, "STREAMS"));
            words.addAll(last.keySet());
            words.addAll(last.values());
            try {
                List<?> streams = (List<?>) redis.call(words.toArray(String[]::new));
                for (Object stream : streams == null ? List.of() : streams) {
                    for (Object entry : (List<?>) ((List<?>) stream).get(1)) {
                        List<?> fields = (List<?>) ((List<?>) entry).get(1);
                        for (Answer answer : gson.fromJson((String) fields.get(1), Answer[].class)) {
                            CompletableFuture<Answer> waiter = waiting.get(answer.command_id);
                            // Nobody waits: the second answer of a command that was sent twice, equal to the first.
                            if (waiter != null) {
                                waiter.complete(answer);
                            }
                        }
                        last.put((String) ((List<?>) stream).get(0), (String) ((List<?>) entry).get(0));
                    }
                }
            } catch (IOException error) {
                // The next call connects anew, and reading goes on after the last entry that was read: nothing is lost.
                System.err.println("reading: " + error);
                pause(200);
            }
        }
    }

    private static void pause(long ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Sends until it is answered; null when that took too long. */
    Answer send(int partition, Map<String, Object> command) throws Exception {
        String id = (String) command.get("id");
        // Once: a retry is the same bytes. Built anew it might differ, and be refused as command_id_reused.
        String body = gson.toJson(command);
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        try {
            for (int attempt = 0; attempt < TRIES_MAX; attempt++) {
                if (attempt > 0) {
                    retries.incrementAndGet();
                }
                try {
                    redis.call("XADD", namespace + ":{" + partition + "}:checkout", "*", "command", body);
                } catch (IOException error) {
                    // Received or not, nobody knows. The id makes it safe to send it again.
                    System.err.println("sending " + id + ": " + error);
                }
                try {
                    // Longer each time: retries are commands too, and a server that is behind needs no more of them.
                    return answer.get(patienceMs << Math.min(attempt, 3), TimeUnit.MILLISECONDS);
                } catch (TimeoutException again) {
                    continue;
                }
            }
            return null;
        } finally {
            waiting.remove(id);
        }
    }

    /** One unit for a customer, unpaid: it is held until the payment's deadline. */
    Answer place(String sku, String customer) throws Exception {
        Map<String, Object> order = new LinkedHashMap<>(Map.of("id", "c-" + UUID.randomUUID(), "type", "place_order"));
        order.putAll(Map.of("order_id", "o-" + UUID.randomUUID(), "actor", "buyer:" + customer, "customer_id", customer));
        order.putAll(Map.of("lines", List.of(Map.of("sku_id", sku, "quantity", 1)), "reply_to", replyTo));
        return send(crc16(sku) % partitions, order);
    }

    /** CRC16/XMODEM, as in Redis Cluster. */
    static int crc16(String text) {
        int crc = 0;
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            crc ^= (b & 0xff) << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 0x8000) != 0 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1;
            }
        }
        return crc;
    }
}
