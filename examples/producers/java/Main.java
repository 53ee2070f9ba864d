import com.google.gson.Gson;
import java.util.*;
import java.util.concurrent.*;

/**
 * Has a checkout place orders, so many at a time, and says what became of them.
 *
 * <pre>javac -cp gson.jar -d out *.java; java -cp gson.jar:out Main SKU[,SKU…] ORDERS AT_ONCE</pre>
 *
 * Environment: REDIS_URL, JUMUN_NAMESPACE (jumun), JUMUN_REPLY_TO (made anew), JUMUN_ANSWER_TIMEOUT (seconds, 2).
 */
final class Main {
    public static void main(String[] args) throws Exception {
        Map<String, String> env = System.getenv();
        Checkout checkout = new Checkout(
                env.getOrDefault("REDIS_URL", "redis://127.0.0.1:6379"),
                env.getOrDefault("JUMUN_NAMESPACE", "jumun"),
                env.getOrDefault("JUMUN_REPLY_TO", "checkout-" + UUID.randomUUID()),
                Double.parseDouble(env.getOrDefault("JUMUN_ANSWER_TIMEOUT", "2")));
        String[] skus = args[0].split(",");
        ExecutorService pool = Executors.newFixedThreadPool(Integer.parseInt(args[2]));
        List<Future<Checkout.Answer>> answers = new ArrayList<>();
        for (int n = 0; n < Integer.parseInt(args[1]); n++) {
            String sku = skus[n % skus.length];
            String customer = "u-" + n;
            answers.add(pool.submit(() -> checkout.place(sku, customer)));
        }
        Map<String, Integer> outcomes = new TreeMap<>();
        Map<String, Integer> refused = new TreeMap<>();
        for (Future<Checkout.Answer> future : answers) {
            Checkout.Answer answer = future.get();
            String outcome = answer == null ? "unanswered" : answer.outcome;
            outcomes.merge(outcome, 1, Integer::sum);
            if (outcome.equals("rejected")) {
                refused.merge(answer.reason, 1, Integer::sum);
            }
            System.out.println(answer == null ? outcome : String.join(" ", outcome, answer.order_id,
                    answer.order_status == null ? answer.reason : answer.order_status));
        }
        pool.shutdown();
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("placed", outcomes.getOrDefault("accepted", 0));
        summary.put("refused", refused);
        summary.put("failed", outcomes.getOrDefault("failed", 0));
        summary.put("unanswered", outcomes.getOrDefault("unanswered", 0));
        summary.put("retries", checkout.retries.get());
        System.out.println(new Gson().toJson(summary));
    }
}
