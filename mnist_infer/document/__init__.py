"""A page -> lines -> digits with boxes.

The words of this package, in the order in which they come about:

- A *page* is a picture with any number of digits.
- A *component* is a connected component of its ink: a digit, a part of one, or clutter.
- *Clutter* is what cannot be a digit: dots, dashes, rulings, what lies along the page's border.
- A *line* is digits that stand side by side, as the layout finds them.
- A *row* is the strip of the page that shows a line: the row network sees it, clutter included.
- A *cell* is the place of one digit in a row. The digit network sees the ink in it, the cell
  network a square of the page around it. The boxes of a printed table are *table cells*.
"""
