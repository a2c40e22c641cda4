import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

// A server of one thread a connection. It binds its own port, knows nothing of
// Fleet, and ends at SIGTERM once it has answered what it has accepted.
public class Threaded {
  private static final byte[] ANSWER =
      ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\njava")
          .getBytes();

  public static void main(String[] args) throws Exception {
    String port = System.getenv().getOrDefault("PORT", "3000");
    ServerSocket listener = new ServerSocket(Integer.parseInt(port));
    ExecutorService pool = Executors.newCachedThreadPool();
    Thread acceptor = new Thread(() -> {
      while (true) {
        try {
          Socket connection = listener.accept();
          pool.execute(() -> serve(connection));
        } catch (SocketException closed) {
          return;
        } catch (IOException e) {
          e.printStackTrace();
        }
      }
    });
    acceptor.start();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        listener.close();
        acceptor.join();
        pool.shutdown();
        pool.awaitTermination(10, TimeUnit.SECONDS);
      } catch (Exception e) {
        e.printStackTrace();
      }
    }));
    acceptor.join();
  }

  private static void serve(Socket connection) {
    try (connection) {
      BufferedReader in = new BufferedReader(
          new InputStreamReader(connection.getInputStream()));
      for (String line = in.readLine(); line != null && !line.isEmpty();) {
        line = in.readLine();
      }
      connection.getOutputStream().write(ANSWER);
    } catch (IOException e) {
      e.printStackTrace();
    }
  }
}
