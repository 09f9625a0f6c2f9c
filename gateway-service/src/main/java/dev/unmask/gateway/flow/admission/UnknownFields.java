package dev.unmask.gateway.flow.admission;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import java.util.List;
import java.util.Map;

/** Refuses what this build does not know, so that a newer client's wish is never ignored. */
public final class UnknownFields {

  private UnknownFields() {}

  /**
   * Looks through {@code message} and everything inside it.
   *
   * @throws RefusedException INVALID_ARGUMENT naming the message and the field number
   */
  public static void refuse(Message message) throws RefusedException {
    refuse(message, "");
  }

  private static void refuse(Message message, String path) throws RefusedException {
    if (!message.getUnknownFields().asMap().isEmpty()) {
      int number = message.getUnknownFields().asMap().keySet().iterator().next();
      String where = path.isEmpty() ? message.getDescriptorForType().getName() : path;
      throw new RefusedException(
          Refusal.invalid(
              path.isEmpty() ? "#" + number : path + ".#" + number,
              where + " holds field number " + number + ", which this server does not know."));
    }
    for (Map.Entry<FieldDescriptor, Object> entry : message.getAllFields().entrySet()) {
      FieldDescriptor field = entry.getKey();
      if (field.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
        continue;
      }
      String inner = path.isEmpty() ? field.getName() : path + "." + field.getName();
      if (entry.getValue() instanceof List<?> list) {
        int i = 0;
        for (Object item : list) {
          refuse((Message) item, inner + "[" + i++ + "]");
        }
      } else {
        refuse((Message) entry.getValue(), inner);
      }
    }
  }
}
