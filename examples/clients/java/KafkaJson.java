import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** KafkaJson BOOTSTRAP MODEL PROMPT: a request in JSON, and its answer in JSON. */
public final class KafkaJson {

  public static void main(String[] args) throws Exception {
    Map<String, Object> kafka = Map.of("bootstrap.servers", args[0]);
    String requests = "unmask.generation.requests." + args[1] + ".bulk";
    // A workflow has a reply topic of its own; its name must begin so.
    String replies = "unmask.replies.example-" + UUID.randomUUID();
    try (Admin admin = Admin.create(kafka)) {
      admin.createTopics(List.of(new NewTopic(replies, 1, (short) 1))).all().get();
    }

    String id = UUID.randomUUID().toString();
    String json =
        """
        {"request": {"prompt": "%s", "sampling": {"seed": 7, "maxTokens": 32}}}
        """
            .formatted(args[2].replace("\\", "\\\\").replace("\"", "\\\""));
    try (var producer =
        new KafkaProducer<>(kafka, new StringSerializer(), new StringSerializer())) {
      ProducerRecord<String, String> request = new ProducerRecord<>(requests, id, json);
      request.headers().add("content-type", "application/json".getBytes());
      request.headers().add("unmask-reply-topic", replies.getBytes());
      producer.send(request).get();
    }

    try (var consumer =
        new KafkaConsumer<>(kafka, new StringDeserializer(), new StringDeserializer())) {
      List<TopicPartition> partition = List.of(new TopicPartition(replies, 0));
      consumer.assign(partition);
      consumer.seekToBeginning(partition);
      while (true) {
        for (ConsumerRecord<String, String> event : consumer.poll(Duration.ofSeconds(1))) {
          System.out.println(event.value());
          // The last event of a request is its answer or why there is none. Delivery is at least
          // once: a request that is answered again has the same key.
          if (event.value().contains("\"final\"") || event.value().contains("\"failed\"")) {
            return;
          }
        }
      }
    }
  }
}
