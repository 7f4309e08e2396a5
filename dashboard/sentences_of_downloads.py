"""Templates of the core's sentences about the download of CIFAR-10; see ``sentences``."""

DOWNLOAD_TEMPLATES = (
    "None of the places that have {name} can be reached; this machine seems to be offline. Copy "
    "the file into {place} yourself, or use the built-in set.",
    "{name} could not be downloaded: {reasons}. Try again later, copy the file into {place} "
    "yourself, or use the built-in set.",
    "{reason}; then {rest}",
    "the certificate of {host} cannot be trusted",
    "{host} cannot be reached",
    "{host} fell silent",
    "{host} cut the connection",
    "{host} is slow",
    "{host} leads to no file on the web",
    "{host} cannot continue a download",
    "{host} answered {status}",
    "{host} has a file of another size",
    "{host} has a file with another content",
    "The disk of {place} has {free} MB left; {name} and what is made of it need {needed} MB. Make "
    "room there and try again.",
    "The download cannot be written to {place}: {reason}.",
    "{source} is no address of a file on the web; expected http:// or https://.",
)
