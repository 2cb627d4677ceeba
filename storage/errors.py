"""The errors of storage.

    KaigiError                     every error that we raise on purpose; str() is fit for a person
    ├── Misuse                     what was asked for or set cannot be; the command ends with 2 instead of 1
    └── StorageError               the database said no; the driver's error is chained
        ├── DatabaseBusy           another process holds the write lock for longer than we wait
        ├── DatabaseReadOnly       the file or its folder cannot be written
        ├── DatabaseFull           no space left
        ├── DatabaseUnreachable    cannot be opened or connected to
        ├── DatabaseCorrupt        not a database, or a damaged one
        ├── SchemaTooNew           written by a newer Kaigi than this one
        ├── NotFound               no such source, filter, chat or story
        ├── AlreadyExists          a source with this key or address is there already
        ├── FromFile               belongs to sources_file and must be changed there
        ├── BackupError            a backup that cannot be made or is not whole
        ├── TooLate                something else was decided, or has left, before
        └── CopyError              an archive that cannot be moved to another database

Programming mistakes (`IntegrityError` on our own rows, wrong SQL) are not wrapped: they must be loud.
"""


class KaigiError(Exception):
    """Root of all errors raised on purpose. The message tells a person what happened and what to do."""


class Misuse(KaigiError):
    """A setting, file, query or word of an operator that cannot be used; its subclasses say which."""


class StorageError(KaigiError):
    """The database said no."""


class DatabaseBusy(StorageError):
    """Another process holds the write lock."""


class DatabaseReadOnly(StorageError):
    """The database cannot be written."""


class DatabaseFull(StorageError):
    """No space left for the database."""


class DatabaseUnreachable(StorageError):
    """The database cannot be opened."""


class DatabaseCorrupt(StorageError):
    """The file is not a database, or damaged."""


class SchemaTooNew(StorageError):
    """The database was written by a newer Kaigi."""


class NotFound(StorageError):
    """No such record."""


class AlreadyExists(StorageError):
    """The record is there already."""


class TooLate(StorageError):
    """What is asked for cannot be done any more."""


class FromFile(StorageError):
    """The record belongs to a file and must be changed there."""


class BackupError(StorageError):
    """A backup cannot be made, or is not whole."""


class CopyError(StorageError):
    """An archive cannot be copied to another database."""
