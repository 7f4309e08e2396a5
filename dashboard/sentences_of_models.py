"""Templates of the core's sentences about model files and pictures to ask about; ``sentences``."""

MODEL_TEMPLATES = (
    # files
    "The weights in {name} are not those that its description was written for: their sha256 is "
    "{found}, expected {expected}. Copy or download it again; weights that were changed on purpose "
    "can be saved as a plain state_dict.",
    "{name} is not a whole safetensors file: {error}. Copy or download it again.",
    "{name} is no model file but {content}; expected a state_dict saved with torch.save, or "
    "safetensors.",
    "{name} is not a file written by torch.save, or it is damaged; copy or download it again.",
    "{name} holds Python objects that could run code and was refused; expected a state_dict.",
    "{name} asks for more memory than a model needs and was refused.",
    "{name} took longer than {seconds} s to read and was given up.",
    "{name} could not be read within the limits on memory and time; it is damaged or no model "
    "file.",
    "{name} is empty; expected a model file.",
    "{name} has {size} MB; model files of up to {limit} MB are read.",
    "{name} has {size} MB; model files of up to {limit} MB are taken.",
    "{name} does not exist; expected a model file (.safetensors, .pt, .pth).",
    "The file cannot be read: {reason}.",
    "The file is damaged or incomplete; copy or download it again, or delete it.",
    "{name} cannot be read: {reason}.",
    # what they hold
    "{name} holds a {kind}; expected a state_dict.",
    "{name}: The weights are for {found} classes; expected {expected}.",
    "{name}: {tensor} holds {count} values that are infinite or not a number; the training that "
    "made it has diverged, or the file is damaged.",
    "{name}: {contents}, which do not fit the network {network}: {difference}.",
    "{name}: {contents}, which fit none of the networks {networks}. The nearest is {nearest}: "
    "{difference}. Expected a state_dict of one of these networks with {low} to {high} classes.",
    "The weights hold {count} tensors",
    "The weights hold {count} tensors ({names})",
    "missing {missing}; unexpected {strange}",
    "missing {missing}",
    "unexpected {strange}",
    "The file says its network is {found}; expected one of {networks}.",
    "The model's description has format {found}; this version reads {expected}.",
    # the list of models
    "There is no model {name} here; it may be deleted.",
    "The model {name} cannot be brought back any more.",
    "The model is no longer there; it may have been deleted.",
    # looking inside
    "The network has no convolution over three colour channels to show.",
    "The network has no maps with places to point at.",
    # kinds of files
    "a gzip archive",
    "an icon",
    "a Photoshop document",
    "an SVG drawing",
    # pictures
    "{name} has {size} MB; expected at most {limit} MB. Save it smaller and try again.",
    "{name} has {width} x {height} = {pixels} million pixels; expected at most {limit} million. "
    "Make it smaller and try again.",
    "{name} is stored in {scans} scans, which take too long to decode; expected an ordinary JPEG "
    "picture. Save it again.",
)
