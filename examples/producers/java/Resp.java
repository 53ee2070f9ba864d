import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * One connection to Redis, made at the first call, and made again at the next call after it broke. The JDK has no client
 * for Redis; in a shop this is Jedis or Lettuce, whose calls have the same names.
 */
final class Resp implements Closeable {
    /** An error that Redis answered; the connection is well. */
    static final class Refused extends IOException {
        private static final long serialVersionUID = 1;

        Refused(String message) {
            super(message);
        }
    }

    private static final int CONNECT_MS = 2_000;
    private static final int BULK_BYTES_MAX = 64 * 1024 * 1024;

    private final URI url;
    private final int patienceMs;
    private Socket socket;
    private DataInputStream in;

    Resp(String url, int patienceMs) {
        this.url = URI.create(url);
        // Never a password in plain text to where TLS was meant.
        if (!"redis".equals(this.url.getScheme())) {
            throw new IllegalArgumentException("this client speaks no TLS: redis:// is wanted");
        }
        this.patienceMs = patienceMs;
    }

    /** Sends a command and waits for its reply: a String, a Long, a List of these, or null. */
    synchronized Object call(String... words) throws IOException {
        try {
            if (socket == null) {
                connect();
            }
            return exchange(words);
        } catch (Refused refused) {
            throw refused;
        } catch (IOException broken) {
            // After a time-out the late reply would be taken for the next command's: never go on with this connection.
            close();
            throw broken;
        }
    }

    private void connect() throws IOException {
        socket = new Socket();
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(patienceMs);
        socket.connect(new InetSocketAddress(url.getHost(), url.getPort() < 0 ? 6379 : url.getPort()), CONNECT_MS);
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 64 * 1024));
        if (url.getUserInfo() != null) {
            String[] login = url.getUserInfo().split(":", 2);
            exchange("AUTH", login[0].isEmpty() ? "default" : login[0], login[1]);
        }
        if (url.getPath().length() > 1) {
            exchange("SELECT", url.getPath().substring(1));
        }
    }

    private Object exchange(String... words) throws IOException {
        StringBuilder out = new StringBuilder("*" + words.length + "\r\n");
        for (String word : words) {
            out.append('$').append(word.getBytes(StandardCharsets.UTF_8).length).append("\r\n").append(word).append("\r\n");
        }
        socket.getOutputStream().write(out.toString().getBytes(StandardCharsets.UTF_8));
        return reply();
    }

    private Object reply() throws IOException {
        int kind = in.readUnsignedByte();
        String line = line();
        switch (kind) {
            case '+':
                return line;
            case '-':
                throw new Refused(line);
            case ':':
                return Long.valueOf(line);
            case '$':
                int length = Integer.parseInt(line);
                if (length < 0) {
                    return null;
                }
                if (length > BULK_BYTES_MAX) {
                    throw new IOException("a reply of " + length + " bytes");
                }
                byte[] bytes = in.readNBytes(length);
                in.readFully(new byte[2]);
                return new String(bytes, StandardCharsets.UTF_8);
            case '*':
                int items = Integer.parseInt(line);
                if (items < 0) {
                    return null;
                }
                List<Object> all = new ArrayList<>();
                for (int i = 0; i < items; i++) {
                    all.add(reply());
                }
                return all;
            default:
                throw new IOException("not RESP: " + (char) kind);
        }
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.readUnsignedByte(); c != '\r'; c = in.readUnsignedByte()) {
            line.append((char) c);
        }
        in.readUnsignedByte();
        return line.toString();
    }

    @Override
    public synchronized void close() throws IOException {
        if (socket != null) {
            socket.close();
            socket = null;
        }
    }
}
