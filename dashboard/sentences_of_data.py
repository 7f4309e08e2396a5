"""Templates of the core's sentences about image sets; see ``sentences``."""

DATA_TEMPLATES = (
    # what was left out of a set, and why
    "Left out of {archive} ({reason}): {count}, the first being {name}.",
    "names that lead out of the folder or are no file names",
    "links or devices",
    "without the ending of a picture",
    "above {size} MB",
    "names that earlier files have; large and small letters count as equal",
    "Pictures that cannot be read were left out: {count} of {all}.",
    "And {count} more that cannot be read.",
    "Beside train and test these folders were ignored: {names}.",
    "Pictures in {place} itself, in no class folder, were ignored: {count}.",
    "Files in {place} without the ending of a picture were ignored: {count}.",
    "In {place}: {problem}",
    # pictures
    "{name} is no picture but {content}; expected PNG, JPEG, WebP, BMP, GIF, TIFF, PPM or AVIF.",
    "{name} is empty (0 bytes); expected PNG, JPEG, WebP, BMP, GIF, TIFF, PPM or AVIF.",
    "{name} is a damaged {kind} picture ({error}); save or download it again.",
    "text",
    "data of an unknown kind",
    "HTML or XML text",
    "a PDF document",
    "a zip archive or an office document",
    "a HEIC photo, which cannot be read here (export it as JPEG)",
    # folders
    "{title} does not exist; expected train/<class>/<pictures> and, if there is one, "
    "test/<class>/<pictures>.",
    "{title} has too few class folders, {count}; expected at least 2, as train/<class>/<pictures>.",
    "The class folder {place} in {title} holds no pictures; put some in or remove it.",
    "{title} has classes in test that train has not: {names}; expected the same names in both.",
    "{title} has a folder test, but none called train; expected train/<class>/<pictures> and,"
    " if there is one, test/<class>/<pictures>.",
    "{title} has a folder train, but none called test; expected test/<class>/<pictures>.",
    "No training picture of the class {name} in {title} can be read; the first one: {problem}",
    # archives
    "{name} is no archive; expected a .zip or .tar.gz of train/<class>/<pictures>.",
    "{name} has more than {size} MB; copy it to this machine yourself and name its path instead.",
    "{name} has more than {size} MB; name its path on this machine instead.",
    "{title} is refused: {reason}. If you trust it, unpack it yourself and name the folder "
    "instead.",
    "it holds more than {count} files and folders",
    "it unpacks to more than {times} times its own size, which pictures do not",
    "it unpacks to more than {size} MB",
    "{title} cannot be unpacked: {reason}. Download it or pack it again.",
    "it is locked with a password; pack it without one",
    "it ends too early",
    "{title} holds no pictures.",
    # own sets and extra test sets
    "{name} is in use by run {run}; stop that first.",
    "{name} is in use by a preparation; stop that first.",
    "This image set is not in the workspace any more.",
    "{title} has other classes, without {missing} and with {strange}; expected {classes}.",
    "{title} has other classes, without {missing}; expected {classes}.",
    "{title} has other classes, with {strange}; expected {classes}.",
    "There is an extra test set called {name} already; delete it first, or give this one "
    "another name.",
    "There is no extra test set called {name}; there are: {known}.",
    "{count} files were given; expected one archive, or two .npy files: images and labels.",
    "{name} is one of a pair; expected the other one beside it, as in cifar10.1_v6_data.npy "
    "and cifar10.1_v6_labels.npy.",
    "{first} and {second} are no pair; expected images uint8 of shape (N, 32, 32, 3) in one "
    "file and N labels in the other.",
    "{name} holds {kind} of shape {shape}; expected images uint8 (N, 32, 32, 3) or N whole "
    "numbers as labels.",
    "{images} has {count} images, but {labels} has {number} labels; expected as many.",
    "The labels in {name} run from {low} to {high}; expected 0 to {last} for {count} classes.",
)
