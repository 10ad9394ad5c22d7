"""How people put their questions: one tuple per way of asking, frequent phrasings more than once.

Spelling is British here; `questions.rephrase` writes the American and the hurried forms.
"""

from pathlib import Path

WHAT_SHAPE = (
    *("What shape is it?", "What shape is this?", "What shape is that?", "Which shape is it?"),
    *("Which shape is this?", "What shape do you see?", "What shape can you see?"),
    *("What kind of shape is this?", "Which shape do you see?", "What is the shape?"),
    *("Name the shape.", "What shape is shown?", "What shape am I holding?", "Shape?"),
    *("Can you tell me what shape this is?", "Tell me the shape.", "What is this shape called?"),
)
SHAPE_ON_SIDE = (
    *("What shape is on the {side}?", "Which shape is on the {side}?"),
    *("What is the shape on the {side}?", "What shape is the one on the {side}?"),
    *("What shape is the {side} one?", "What shape is furthest to the {side}?"),
)
SHAPE_OF_COLOUR = (
    *("What shape is {colour}?", "Which shape is {colour}?", "What is the {colour} shape?"),
    *("What shape is the {colour} one?", "What is the {colour} thing?", "What is {colour}?"),
    *("What shape is the {colour} object?", "What shape does the {colour} one have?"),
    *("What shape is the {colour} thing?", "Which one is {colour}?"),
)
COLOUR_OF_IT = (
    *("What colour is it?", "What colour is this?", "Which colour is it?", "What is its colour?"),
    *("What colour is that?", "What colour is the shape?", "What colour does it have?"),
    *("What is the colour of the shape?", "Which colour is the shape?", "Colour?"),
    *("Which colour do you see?", "Tell me the colour.", "What colour is the object?"),
)
COLOUR_ON_SIDE = (
    *("What colour is the shape on the {side}?", "What colour is the {side} shape?"),
    *("Which colour is the shape on the {side}?", "What colour is the one on the {side}?"),
    *("What is the colour of the shape on the {side}?", "What colour is on the {side}?"),
)
COLOUR_OF = (
    *("What colour is the {kind}?", "What colour is the {kind}?", "Which colour is the {kind}?"),
    *("What is the colour of the {kind}?", "What colour does the {kind} have?"),
    *("Which colour does the {kind} have?", "Tell me the colour of the {kind}."),
    *("Can you tell me what colour the {kind} is?", "The {kind} is what colour?"),
    *("What is the {kind}'s colour?", "Colour of the {kind}?", "What colour is that {kind}?"),
    *("What colour is this {kind}?", "In what colour is the {kind}?", "Name the {kind}'s colour."),
    *("Do you know what colour the {kind} is?", "What colour has the {kind}?"),
)
COLOUR_OF_MANY = (
    *("What colour are the {kinds}?", "Which colours are the {kinds}?"),
    *("What colours are the {kinds}?", "What is the colour of the {kinds}?"),
    *("What colours do the {kinds} have?", "Tell me the colours of the {kinds}."),
)
HOW_MANY = (
    *("How many {things} are there?", "How many {things} are there?", "How many {things}?"),
    *("How many {things} do you see?", "How many {things} can you see?", "Count the {things}."),
    *("How many {things} are in the picture?", "How many {things} are in the image?"),
    *("How many {things} are on the card?", "What is the number of {things}?"),
    *("How many {things} am I holding?", "Can you count the {things}?"),
    *("Tell me how many {things} there are.", "How many {things} are visible?"),
    *("How many {things} does the picture show?", "Number of {things}?"),
)
HOW_MANY_SHAPES = (
    *("How many are there?", "How many do you see?", "How many things are there?", "How many?"),
    *("How many objects are there?", "How many objects do you see?", "Count them."),
    *("How many things do you see?", "How many objects can you see?"),
)
IS_THERE = (
    *("Is there {thing}?", "Is there {thing}?", "Do you see {thing}?", "Can you see {thing}?"),
    *("Is there {thing} in the picture?", "Is there {thing} in the image?", "Any {things}?"),
    *("Are there any {things}?", "Do you see any {things}?", "Is {thing} there?"),
    *("Does the picture show {thing}?", "Can you find {thing}?", "Is {thing} in the picture?"),
    *("Am I holding {thing}?", "Do I have {thing}?", "Is there {thing} on the card?"),
)
IS_THERE_COLOUR = (
    *("Is there anything {colour}?", "Is there something {colour}?", "Anything {colour}?"),
    *("Do you see anything {colour}?", "Can you see something {colour}?"),
    *("Is anything {colour}?", "Is any shape {colour}?"),
)
IS_THE = ("Is the {thing} {value}?", "Is that {thing} {value}?", "The {thing} is {value}, right?")
IS_IT = ("Is it a {kind}?", "Is this a {kind}?", "Is that a {kind}?", "Is the shape a {kind}?")
WHAT_ON_SIDE = (
    *("What is on the {side}?", "What do you see on the {side}?", "What is on the {side} side?"),
    *("What is furthest {side}?", "What is there on the {side}?", "What is to the {side}?"),
)
WHAT_BESIDE = (
    *("What is {side} of the {thing}?", "What is {side} of the {thing}?"),
    *("What is to the {side} of the {thing}?", "What is on the {side} of the {thing}?"),
    *("What do you see {side} of the {thing}?", "Which shape is {side} of the {thing}?"),
    *("What shape is to the {side} of the {thing}?", "What lies {side} of the {thing}?"),
    *("Which shapes are {side} of the {thing}?", "What is on the {side} side of the {thing}?"),
    *("Is there anything {side} of the {thing}?", "What is there {side} of the {thing}?"),
)
IS_BESIDE = (
    *("Is the {thing} {side} of the {other}?", "Is the {thing} to the {side} of the {other}?"),
    *(
        "Is the {thing} on the {side} of the {other}?",
        "Does the {thing} lie {side} of the {other}?",
    ),
)
WHERE = (
    *("Where is the {thing}?", "Where is the {thing}?", "Where do you see the {thing}?"),
    *("Where can I find the {thing}?", "On which side is the {thing}?", "Where is that {thing}?"),
    *("Can you tell me where the {thing} is?", "What is the place of the {thing}?"),
    *("In which place is the {thing}?", "Show me where the {thing} is.", "Find the {thing}."),
    *("Is the {thing} on the left or on the right?", "Is the {thing} left or right?"),
)
BACKGROUND = (
    *("What colour is the background?", "What is the background?", "Which background is it?"),
    *("What is the colour of the background?", "Which colour is the background?"),
    *("What colour is behind the shapes?", "What background do you see?", "Background colour?"),
    *("What colour is the card?", "What colour is the paper?", "What is behind the shape?"),
    *("Tell me the background colour.", "On what background?", "What colour is the screen?"),
)
DESCRIBE = (
    *("Describe it", "Describe it", "Describe it.", "Describe the picture.", "Describe this."),
    *("Describe what you see.", "Describe the image.", "Caption this.", "Please describe it."),
    *("Can you describe the picture?", "Describe the scene.", "Give me a description."),
    *("Write a caption.", "Describe everything.", "Can you describe it?", "Describe"),
)
DESCRIBE_LONG = (
    *("Describe it in detail.", "Describe the picture in detail.", "Describe it at length."),
    *("Tell me everything about the picture.", "Give me a long description."),
    *("Describe this image in detail.", "Describe everything in detail."),
)
WHAT_DO_YOU_SEE = (
    *("What do you see?", "What do you see?", "What can you see?", "What is this?"),
    *("What is this?", "What is that?", "What is in the picture?", "What is in the image?"),
    *("What is it?", "What is here?", "What is there?", "What is in front of you?"),
    *("Which shapes are there?", "What shapes are there?", "What shapes do you see?"),
    *("Which shapes do you see?", "List the shapes.", "Name the shapes.", "What does it show?"),
    *("Tell me what you see.", "What is on the picture?", "What objects are there?"),
    *("What are these?", "What are those?", "What am I showing you?", "What is shown here?"),
    *("What does the picture show?", "Can you see anything?", "Do you see anything?"),
    *("What is on the card?", "What is on the screen?", "What are you looking at?"),
    *("What objects do you see?", "Look at this!", "Do you see this?", "What is going on?"),
)
WHAT_AM_I_HOLDING = (
    *("What am I holding?", "What am I holding?", "What do I hold?", "What do I have here?"),
    *("What is in my hand?", "What am I holding up?", "What do I have in my hand?"),
    *("What do I hold in my hands?", "What is in my hands?", "Can you see what I am holding?"),
    *("Tell me what I am holding.", "What have I got here?", "Guess what I am holding."),
)

# About something else. Every ninth thing and every eighth sentence are kept for evaluation.


def _read_lines(name: str) -> list[str]:
    return (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()


_ALL_THINGS, _ALL_OFF_TOPIC = _read_lines("things.txt"), _read_lines("off_topic.txt")
HELD_OUT_THINGS = tuple(_ALL_THINGS[5::9])
THINGS = tuple(thing for thing in _ALL_THINGS if thing not in HELD_OUT_THINGS)
HELD_OUT_OFF_TOPIC = tuple(_ALL_OFF_TOPIC[4::8])
OFF_TOPIC = tuple(text for text in _ALL_OFF_TOPIC if text not in HELD_OUT_OFF_TOPIC)

OFF_TOPIC_ABOUT = (
    *("What colour is the {thing}?", "What colour is the {thing}?", "Which colour is the {thing}?"),
    *("What is the colour of the {thing}?", "How many {thing}s are there?", "Is there a {thing}?"),
    *("How many {thing}s do you see?", "Do you see a {thing}?", "Can you see the {thing}?"),
    *("Is there a {thing} in the picture?", "Are there any {thing}s?", "Where is the {thing}?"),
    *("Where is my {thing}?", "What is left of the {thing}?", "What is right of the {thing}?"),
    *("What is to the left of the {thing}?", "Is the {thing} {colour}?", "Is it a {thing}?"),
    *("Is this a {thing}?", "Is there a {colour} {thing}?", "What is a {thing}?"),
    *("How old is the {thing}?", "How big is the {thing}?", "How much is a {thing}?"),
    *("Who made this {thing}?", "Whose {thing} is this?", "Why is the {thing} here?"),
    *("What is the {thing} doing?", "Is the {thing} open?", "Does the {thing} look old?"),
    *("Tell me about the {thing}.", "Tell me a story about a {thing}.", "Describe the {thing}."),
    *("Read the {thing}.", "Do you like my {thing}?", "What is the {thing} made of?"),
    *("What brand is the {thing}?", "Is the {thing} left of the {other}?", "Find the {thing}."),
    *("Is the {thing} bigger than the {other}?", "What shape is the {thing}?"),
    *("Am I holding a {thing}?", "What is next to the {thing}?", "Count the {thing}s."),
    *("Where can I buy a {thing}?", "How do I repair a {thing}?", "Is the {thing} on the left?"),
    *("Is the {kind} left of the {thing}?", "Is the {kind} a {thing}?", "Show me a {thing}."),
    *("What is on the {thing}?", "What is behind the {thing}?", "{thing}", "Who has the {thing}?"),
    *("Can you draw a {thing}?", "Do you know a {thing}?", "Which {thing} is better?"),
)
