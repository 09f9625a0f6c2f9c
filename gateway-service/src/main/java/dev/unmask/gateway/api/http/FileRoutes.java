package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.gateway.flow.Page;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.files.FileShelf;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.File;
import dev.unmask.v1.FileInfo;
import io.vertx.core.MultiMap;
import io.vertx.ext.web.FileUpload;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * {@code /v1/files}. An upload goes to a temporary file as it arrives and from there to the store,
 * because its purpose may come behind its content.
 */
final class FileRoutes {

  private static final Set<String> PARTS = Set.of("purpose");

  private final FileShelf shelf;

  FileRoutes(FileShelf shelf) {
    this.shelf = shelf;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.upload("/v1/files", this::upload),
        Endpoint.get("/v1/files", this::list),
        Endpoint.get("/v1/files/{file_id}", this::get),
        Endpoint.delete("/v1/files/{file_id}", this::delete),
        Endpoint.get("/v1/files/{file_id}/content", this::content));
  }

  private void upload(Exchange exchange) throws RefusedException {
    List<FileUpload> uploads = exchange.routing().fileUploads();
    if (uploads.size() != 1 || !uploads.get(0).name().equals("file")) {
      throw Fields.invalid(
          "file", "The form must hold one part \"file\" with a file name, and \"purpose\".");
    }
    MultiMap form = exchange.routing().request().formAttributes();
    for (Map.Entry<String, String> part : form) {
      if (!PARTS.contains(part.getKey())) {
        throw Fields.invalid(
            part.getKey(), "There is no form field " + part.getKey() + " here; leave it out.");
      }
    }
    FileUpload upload = uploads.get(0);
    String purpose = form.get("purpose");
    FileInfo info =
        FileInfo.newBuilder()
            .setFilename(upload.fileName())
            .setPurpose(purpose == null ? "" : purpose)
            .build();
    shelf.admit(info, "");
    String tenant = exchange.origin().tenant();
    Path spooled = Path.of(upload.uploadedFileName());
    exchange.off(() -> {
      try (InputStream content = Files.newInputStream(spooled)) {
        return json(shelf.put(tenant, info, content, "file"));
      } catch (IOException e) {
        throw new RefusedException(
            Refusal.of(
                ErrorCode.ERROR_CODE_INTERNAL, "The upload could not be read: " + e.getMessage()));
      }
    });
  }

  private void list(Exchange exchange) throws RefusedException {
    int limit = exchange.limit();
    String purpose = exchange.query("purpose");
    String order = exchange.query("order");
    if (order != null && !order.equals("desc")) {
      throw Fields.invalid("order", "order can only be desc: files are listed newest first.");
    }
    exchange.off(() -> {
      Page<File> page =
          shelf.list(
              exchange.origin().tenant(), purpose == null ? "" : purpose, exchange.after(), limit);
      ObjectNode list = Json.object().put("object", "list");
      ArrayNode data = list.putArray("data");
      page.items().forEach(file -> data.add(json(file)));
      if (!page.items().isEmpty()) {
        list.put("first_id", page.items().getFirst().getId());
        list.put("last_id", page.items().getLast().getId());
      }
      return list.put("has_more", page.more());
    });
  }

  private void get(Exchange exchange) {
    exchange.off(
        () -> json(shelf.get(exchange.origin().tenant(), exchange.pathParameter("file_id"))));
  }

  private void delete(Exchange exchange) {
    String id = exchange.pathParameter("file_id");
    String tenant = exchange.origin().tenant();
    exchange.off(() ->
        Json.object().put("id", id).put("object", "file").put("deleted", shelf.delete(tenant, id)));
  }

  private void content(Exchange exchange) {
    String id = exchange.pathParameter("file_id");
    String tenant = exchange.origin().tenant();
    Thread.ofVirtual()
        .name("http-download")
        .start(() -> {
          try {
            Path local = shelf.local(tenant, id);
            exchange.context().execute(() -> exchange.file(local));
          } catch (RefusedException e) {
            exchange.context().execute(() -> exchange.refuse(e.refusal()));
          }
        });
  }

  private static ObjectNode json(File file) {
    ObjectNode json =
        Json.object()
            .put("id", file.getId())
            .put("object", "file")
            .put("bytes", file.getBytes())
            .put("created_at", file.getCreatedAt())
            .put("filename", file.getFilename())
            .put("purpose", file.getPurpose())
            .put("status", "processed")
            .putNull("expires_at")
            .putNull("status_details");
    json.putObject("unmask").put("digest", file.getDigest());
    return json;
  }
}
