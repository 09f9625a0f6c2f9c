package dev.unmask.cli;

import java.lang.reflect.Constructor;
import picocli.CommandLine;

/** Makes commands and options that want the session; everything else as picocli does. */
final class CommandFactory implements CommandLine.IFactory {

  private final Session session;
  private final CommandLine.IFactory usual = CommandLine.defaultFactory();

  CommandFactory(Session session) {
    this.session = session;
  }

  @Override
  public <K> K create(Class<K> type) throws Exception {
    Constructor<K> wanting;
    try {
      wanting = type.getConstructor(Session.class);
    } catch (NoSuchMethodException e) {
      return usual.create(type);
    }
    return wanting.newInstance(session);
  }
}
