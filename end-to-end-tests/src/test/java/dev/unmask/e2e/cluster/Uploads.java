package dev.unmask.e2e.cluster;

import com.google.protobuf.ByteString;
import dev.unmask.v1.File;
import dev.unmask.v1.FileInfo;
import dev.unmask.v1.UploadRequest;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Training files that the tests send. */
final class Uploads {

  private Uploads() {}

  static File send(Cluster cluster, String name, String content) throws Exception {
    CompletableFuture<File> answer = new CompletableFuture<>();
    StreamObserver<UploadRequest> upload =
        cluster
            .files()
            .upload(
                new StreamObserver<>() {
                  @Override
                  public void onNext(File file) {
                    answer.complete(file);
                  }

                  @Override
                  public void onError(Throwable error) {
                    answer.completeExceptionally(error);
                  }

                  @Override
                  public void onCompleted() {}
                });
    upload.onNext(
        UploadRequest.newBuilder()
            .setInfo(FileInfo.newBuilder().setFilename(name).setPurpose("fine-tune"))
            .build());
    upload.onNext(UploadRequest.newBuilder().setData(ByteString.copyFromUtf8(content)).build());
    upload.onCompleted();
    return answer.get(2, TimeUnit.MINUTES);
  }

  /** Dialogues that all have one answer. */
  static String dialogues(int count, String answer) {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < count; i++) {
      rows.append(
          """
          {"messages": [{"role": "user", "content": "What is %d?"}, \
          {"role": "assistant", "content": "%s"}]}
          """
              .formatted(i, answer));
    }
    return rows.toString();
  }
}
