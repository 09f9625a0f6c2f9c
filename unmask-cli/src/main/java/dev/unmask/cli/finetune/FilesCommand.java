package dev.unmask.cli.finetune;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.DeleteFileRequest;
import dev.unmask.v1.DownloadFileRequest;
import dev.unmask.v1.File;
import dev.unmask.v1.FileChunk;
import dev.unmask.v1.ListFilesRequest;
import dev.unmask.v1.ListFilesResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Iterator;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask files}: uploads, and what jobs wrote about them. */
@Command(
    name = "files",
    description = "Uploaded datasets and what jobs wrote: reports of rejected rows, adapters.",
    subcommands = {FilesCommand.Get.class, FilesCommand.Delete.class})
public final class FilesCommand implements Callable<Integer> {

  private static final int PAGE = 100;

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Option(
      names = "--purpose",
      paramLabel = "WHAT",
      description = "Only fine-tune, fine-tune-report or fine-tune-adapter.")
  private String purpose = "";

  public FilesCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      String after = "";
      boolean more = true;
      while (more) {
        ListFilesResponse page =
            client
                .filesNow()
                .list(
                    ListFilesRequest.newBuilder()
                        .setPurpose(purpose)
                        .setLimit(PAGE)
                        .setAfter(after)
                        .build());
        for (File file : page.getFilesList()) {
          after = file.getId();
          session.out().println(session.json() ? Json.line(json(file)) : line(file));
        }
        more = page.getHasMore();
      }
    }
    return 0;
  }

  private static String line(File file) {
    return String.format(
        "%s  %12d  %s  %-17s  %s",
        file.getId(),
        file.getBytes(),
        Instant.ofEpochSecond(file.getCreatedAt()),
        file.getPurpose(),
        file.getFilename());
  }

  private static ObjectNode json(File file) {
    return Json.object()
        .put("id", file.getId())
        .put("filename", file.getFilename())
        .put("purpose", file.getPurpose())
        .put("bytes", file.getBytes())
        .put("created_at", file.getCreatedAt())
        .put("digest", file.getDigest());
  }

  /** {@code unmask files get}. */
  @Command(name = "get", description = "Writes a file's content, by default to standard output.")
  public static final class Get implements Callable<Integer> {

    private final Session session;

    @Mixin private EndpointOption endpoint;

    @Parameters(paramLabel = "ID", description = "The file.")
    private String id = "";

    @Option(
        names = "--to",
        paramLabel = "PATH",
        description = "A new file to write instead of standard output.")
    private @Nullable Path to;

    public Get(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      try (GatewayClient client = GatewayClient.open(session, endpoint)) {
        Iterator<FileChunk> chunks =
            client.filesNow().download(DownloadFileRequest.newBuilder().setId(id).build());
        // The first chunk tells whether there is such a file, before one is made here.
        boolean any = chunks.hasNext();
        if (to == null) {
          copy(any, chunks, session.out());
          session.out().flush();
        } else {
          try (OutputStream file = Files.newOutputStream(to, StandardOpenOption.CREATE_NEW)) {
            copy(any, chunks, file);
          }
        }
      } catch (IOException e) {
        throw new CliException("the file could not be written: " + e.getMessage(), e);
      }
      return 0;
    }

    private static void copy(boolean any, Iterator<FileChunk> chunks, OutputStream into)
        throws IOException {
      for (boolean more = any; more; more = chunks.hasNext()) {
        chunks.next().getData().writeTo(into);
      }
    }
  }

  /** {@code unmask files delete}. */
  @Command(
      name = "delete",
      description = "Forgets a file: new jobs cannot use it, jobs that have begun go on.")
  public static final class Delete implements Callable<Integer> {

    private final Session session;

    @Mixin private EndpointOption endpoint;

    @Parameters(paramLabel = "ID", description = "The file.")
    private String id = "";

    public Delete(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      try (GatewayClient client = GatewayClient.open(session, endpoint)) {
        boolean deleted =
            client.filesNow().delete(DeleteFileRequest.newBuilder().setId(id).build()).getDeleted();
        session.out().println(id + (deleted ? " is forgotten" : " was gone already"));
      }
      return 0;
    }
  }
}
